"""Work on a whole series in a process of its own, which ends when nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest

from recon.engine.limits import Limits
from recon.errors import UnusableData
from tests.engine.streams import call, eventually, failure, run_of, scan
from tests.gateway import Gateway
from tests.toy import ToySeries, ToySession

pytestmark = pytest.mark.service


def for_ever(numbers: np.ndarray, note: Path) -> None:
    """Holds the interpreter, and says which process it is in."""
    note.write_text(str(psutil.Process().pid))
    while True:
        numbers.sum()


def doubled(numbers: np.ndarray) -> np.ndarray:
    numbers *= 2  # what came over may be written to
    return numbers


def unusable() -> None:
    raise UnusableData("slice 3 is empty", field="data")


def defect() -> None:
    raise ValueError("of ours")


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], list[Any]]:
    """Gives the toy's sessions something to do to their whole series."""

    def set_to(work: Callable[[], Any]) -> list[Any]:
        taken: list[Any] = []
        monkeypatch.setattr(ToySession, "whole", lambda self: work)
        monkeypatch.setattr(ToySession, "take", lambda self, made: taken.append(made))
        return taken

    return set_to


def test_what_a_process_of_its_own_makes_comes_back(channel: grpc.Channel, whole: Any) -> None:
    taken = whole(partial(doubled, np.arange(10.0)))
    assert len(list(run_of(channel, ToySeries(*scan(3)), 60, 5))) == 3
    np.testing.assert_array_equal(taken[0], 2 * np.arange(10.0))


@pytest.mark.parametrize(
    ("work", "code", "words"),
    [(unusable, grpc.StatusCode.INVALID_ARGUMENT, "slice 3 is empty"), (defect, grpc.StatusCode.INTERNAL, "of ours")],
)
def test_what_goes_wrong_there_is_what_the_caller_sees(
    channel: grpc.Channel, whole: Any, work: Callable[[], None], code: grpc.StatusCode, words: str
) -> None:
    whole(work)
    _, error = failure(call(channel, iter(ToySeries(*scan(2)).messages()), 60))
    assert error.code() is code
    assert words in error.details()


@pytest.mark.parametrize("limits", [Limits(idle_s=60)])
@pytest.mark.parametrize("how", ["cancelled", "deadline"])
def test_endless_work_on_a_series_is_killed_and_holds_up_nobody(
    gateway: Gateway, channel: grpc.Channel, whole: Any, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "pid"
    whole(partial(for_ever, np.ones(1000), note))
    answers = call(channel, iter(ToySeries(*scan(2)).messages()), 15 if how == "deadline" else 120)
    eventually(lambda: note.exists() and bool(note.read_text()), 60)
    process = psutil.Process(int(note.read_text()))
    monkeypatch.setattr(ToySession, "whole", lambda self: None)
    assert len(list(run_of(channel, ToySeries(*scan(3)), 60, 5))) == 3  # beside it
    if how == "cancelled":
        answers.cancel()  # type: ignore[attr-defined]
    eventually(lambda: gateway.left() == (0, 0, 0), 60)
    eventually(lambda: not process.is_running())
    gateway.run(gateway.engine.close())
