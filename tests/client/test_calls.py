"""The calls with typed arguments say what the tasks that ship take, and a further task needs none."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

import pytest

from recon.client.caller import Caller
from recon.client.calls import CallOptions, Calls
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.ct.series import CtSeries
from recon.tasks.mr.series import MrSeries

SHIPPED = {
    "denoise_ct": ("ct", CtSeries),
    "reconstruct_mr": ("mr", MrSeries),
    "synthesize_contrast": ("contrast", ContrastSeries),
}


class Told(Calls):
    """Says what it is asked to run."""

    opener = models = close = None  # type: ignore[assignment]

    def run(self, task: str, *inputs: Any, **options: Any) -> Any:
        return task, inputs, options


def _chosen(function: Any) -> dict[str, Any]:
    """Arguments that are given by name, and their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}


@pytest.mark.parametrize("call", SHIPPED)
def test_a_typed_call_takes_what_the_task_takes_with_the_same_defaults(call: str) -> None:
    _, series = SHIPPED[call]
    own, common = _chosen(getattr(Calls, call)), set(get_type_hints(CallOptions))
    wanted = _chosen(series.__init__)
    assert own.keys() | (common & wanted.keys()) == wanted.keys()
    assert {name: value for name, value in own.items() if value is not None} == {
        name: wanted[name] for name, value in own.items() if value is not None
    }


def test_what_every_call_takes_is_what_any_task_is_run_with() -> None:
    anywhere = set(_chosen(Caller.run))
    assert anywhere == set(get_type_hints(CallOptions)) - {"probes", "survival"}


@pytest.mark.parametrize("call", SHIPPED)
def test_all_that_was_chosen_is_passed_on(call: str) -> None:
    task, _ = SHIPPED[call]
    given = {"probes": "all", "survival": True, "model": "m", "name": "n", "timeout_s": 1.0, "patience_s": 2.0}
    inputs = ("pre", "low") if call == "synthesize_contrast" else ("input",)
    named, passed, options = getattr(Told(), call)(*inputs, **given)
    assert (named, passed) == (task, inputs)
    assert given.items() <= options.items()
