"""A request that nobody waits for ends its iterations, or the process that never looks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from recon.backend import mr_classical, watch
from recon.backend.watch import Watch, unwanted
from recon.physics.halting import Halted
from tests.conftest import head, multicoil


def test_what_is_wanted_goes_on_and_what_is_not_stops() -> None:
    given_up = False
    halt = Watch()
    halt.begin(lambda: given_up)
    halt()
    given_up = True
    time.sleep(watch.LOOK_S)
    with pytest.raises(Halted):
        halt()
    halt.done()
    time.sleep(watch.LOOK_S)
    halt()  # between two requests there is nothing to stop


def test_a_model_that_never_looks_is_ended_after_the_grace_and_one_that_is_wanted_never() -> None:
    ended = threading.Event()
    halt = Watch(0.05, ended.set)
    halt.begin(lambda: False)
    assert not ended.wait(0.2)
    halt.done()
    halt.begin(lambda: True)
    assert ended.wait(20)


def test_a_request_is_not_asked_any_more_once_it_is_answered() -> None:
    asked: list[float] = []
    halt = Watch(0.05, lambda: None)
    halt.begin(lambda: bool(asked.append(time.monotonic())))
    halt.done()
    time.sleep(0.1)  # whoever was asking just now has asked
    before = len(asked)
    time.sleep(0.2)
    assert len(asked) == before


def test_deadline_file_and_cancellation_each_say_that_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SHARED", tmp_path)
    assert not unwanted({}, lambda: False)()
    assert unwanted({}, lambda: True)()
    assert unwanted({"deadline_unix_s": f"{time.time() - 1}"}, lambda: False)()
    look = unwanted({"halt_file": "/etc/../halt1"}, lambda: False)  # a name, wherever it claims to be
    assert not look()
    (tmp_path / "halt1").touch()
    assert look()


def test_time_that_is_left_counts_from_when_the_request_comes_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    look = unwanted({"left_s": "5.0"}, lambda: False)
    monkeypatch.setattr(time, "time", lambda: 1e12)  # a clock that is years ahead of the caller's
    now = 104.0
    assert not look()
    now = 105.5
    assert look()


class _After:
    """Halts at the n-th look."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            raise Halted


@pytest.mark.parametrize("looks", [1, 8, 14])
@pytest.mark.parametrize("method", ["sense", "l1-wavelet"])
def test_iterations_on_a_grid_look_and_stop(method: str, looks: int) -> None:
    kspace = multicoil(head((48, 48)), 4, 0.01)
    halt = _After(looks)
    with pytest.raises(Halted):
        mr_classical.reconstruct(method, kspace, np.ones((48, 48), bool), 0.01, halt=halt)
    assert halt.left == 0


@pytest.mark.parametrize("looks", [1, 20, 31, 60])
def test_iterations_along_a_trajectory_look_and_stop(looks: int) -> None:
    pytest.importorskip("sigpy")
    angle = np.pi * np.arange(40) / 40
    along = np.arange(32) / 32 - 0.5
    path = np.stack([np.outer(np.cos(angle), along), np.outer(np.sin(angle), along)], -1).astype(np.float32)
    samples = np.random.default_rng(0).normal(size=(4, 32, 40)).astype(np.complex64)
    halt = _After(looks)
    with pytest.raises(Halted):
        mr_classical.reconstruct("sense", samples, np.ones((32, 40), bool), 0.1, path, (32, 32), halt)
    assert halt.left == 0
