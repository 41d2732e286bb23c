"""Work on a whole series in a process of its own, which is killed when nobody waits for it, and else stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest

from recon.engine.apart import Apart
from recon.engine.limits import Limits
from recon.errors import InternalError, UnusableData
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


def ends() -> None:
    os._exit(3)


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


def test_processes_stay_until_they_end_or_are_given_up() -> None:
    async def main() -> None:
        apart = Apart()
        try:
            first = await apart.run(os.getpid)
            made = await apart.run(partial(doubled, np.arange(1e5)))
            with pytest.raises(UnusableData, match="slice 3 is empty"):
                await apart.run(unusable)
            assert await apart.run(os.getpid) == first
            np.testing.assert_array_equal(made, 2 * np.arange(1e5))  # of a file that the work since then did not touch
            with pytest.raises(InternalError, match="ended with 3"):
                await apart.run(ends)
            second = await apart.run(os.getpid)
            given_up = asyncio.create_task(apart.run(partial(time.sleep, 600)))
            await asyncio.sleep(0.05)
            given_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await given_up
            third = await apart.run(os.getpid)
            assert len({first, second, third, os.getpid()}) == 4
        finally:
            await apart.close()

    asyncio.run(main())
