"""Methods are tuned by what counts, and what is not installed says so."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from recon.arrays import FloatArray
from recon.bench import peers, plots, table
from recon.bench.peers import bart, other_gateways
from recon.bench.peers.method import REPEATS, Absent, MethodResult, best_of
from recon.training.ct.metrics import psnr

_SMALL = np.zeros((2, 2), np.float32)


def test_the_best_parameter_is_the_one_that_counts() -> None:
    truth = np.zeros((8, 8), np.float32)
    found = best_of("shift", truth, lambda image: psnr(image, truth), np.add, (3.0, 1.0, 2.0), _SMALL)
    assert found.parameter == 1.0
    as_called = best_of("as called", truth, lambda image: psnr(image, truth), np.fmax, (float("nan"),), _SMALL)
    assert as_called.parameter is None


_calls: list[tuple[int, ...]] = []


def loads_at_first(given: FloatArray, parameter: float) -> FloatArray:
    """Takes a second at its first calls, as an import does, and at its last; says how often it was called."""
    _calls.append(given.shape)
    if len(_calls) in (1, 3, 3 + REPEATS):
        time.sleep(1.0)
    return np.full_like(given, parameter + len(_calls) / 1000)


def test_what_a_first_call_loads_and_one_slow_call_are_no_time_of_the_method() -> None:
    seen: list[float] = []

    def quality(image: FloatArray) -> float:
        seen.append(float(image.flat[0]))
        return float(image.flat[0])

    found = best_of("loads", np.zeros((8, 8), np.float64), quality, loads_at_first, (1.0, 2.0), _SMALL)
    assert (found.parameter, found.quality) == (2.0, 2.003)
    assert seen == [1.002, 2.003]  # the first call is the small one's
    assert found.seconds < 0.5


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(other_gateways, "find_spec", lambda _: None)
    assert not bart.installed()
    assert "pip install" in str(other_gateways.pytriton(Path("model.onnx"), {}, "made"))
    row = {"input_quality": 1.0, "methods": [], "absent": [vars(Absent("BART", bart.MISSING))]}
    assert table.peer_rows(row)[0][:2] == ("BART", "NOT RUN: bart is not installed; apt-get install bart")


def test_methods_in_table_and_plot(tmp_path: Path) -> None:
    rows = [vars(MethodResult("a", 30.0, 0.1, 5.0)), vars(MethodResult("recon", 35.0, 0.01, ours=True))]
    tasks = {"ct": {"measure": "PSNR, dB", "data": "made up", "input_quality": 28.0, "methods": rows, "absent": []}}
    plots.time_against_quality(peers.record(tasks), tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 5000
    assert table.peer_rows(tasks["ct"])[0][0] == "recon"


def test_tasks_with_peers_are_the_files_of_the_folder() -> None:
    assert set(peers.compared()) == {"ct", "mr"}
