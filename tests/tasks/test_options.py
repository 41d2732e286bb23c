"""Options are declared once, with what holds for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from recon.tasks.options import Option, Options, OptionSpec, options_of
from recon.tasks.registry import tasks


@dataclass(frozen=True)
class Own(Options):
    share: Annotated[float, OptionSpec("A share.", least=0.0, most=1.0)] = 0.5
    loud: Annotated[bool, OptionSpec("Or not.")] = False
    amount: Annotated[float | str, OptionSpec("How much.", least=0.0, most=1.0, words=("auto",))] = 1.0
    where: Annotated[str, OptionSpec("Which.", among=("here", "there"))] = "here"


def _option(name: str) -> Option:
    return next(option for option in options_of(Own) if option.name == name)


def test_fields_become_options() -> None:
    assert [(option.name, option.kind, option.common) for option in options_of(Own)] == [
        ("model", str, True),
        ("model_version", str, True),
        ("timeout_s", float, True),
        ("share", float, False),
        ("loud", bool, False),
        ("amount", float, False),
        ("where", str, False),
    ]
    assert _option("model_version").choice is None


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("share", 1, ""),
        ("share", 0.2, ""),
        ("share", True, "it must be like 0.5"),
        ("share", 1.5, "it must lie between 0.0 and 1.0"),
        ("share", float("nan"), "it must lie between 0.0 and 1.0"),
        ("amount", "auto", ""),
        ("amount", 0.5, ""),
        ("amount", 2, "it must lie between 0.0 and 1.0"),
        ("amount", "some", "it must be like 1.0 or auto"),
        ("where", "there", ""),
        ("where", "nowhere", "it must be one of here, there"),
        ("timeout_s", 0.5, "it must be at least 1.0"),
        ("loud", 1, "it must be like False"),
        ("model", "x", ""),
    ],
)
def test_values_are_held_against_kind_and_range(name: str, value: object, problem: str) -> None:
    assert _option(name).problem(value) == problem


def test_every_task_declares_what_the_command_and_the_batch_need() -> None:
    for task in tasks().values():
        assert issubclass(task.options, Options)
        assert task.summary.endswith(".")
        assert task.noun
        assert len(task.inputs) == 1 or not any(entry.many for entry in task.inputs)
