"""The methods that users would pick do what they are known to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.bench import peers, plots, table
from recon.bench.peers import ct, mr
from recon.bench.peers.method import MethodResult, best_of
from recon.tasks.ct.sample import ct_volume
from recon.tasks.mr.sample import mr_slice
from recon.training.ct.metrics import psnr


def test_non_local_means_removes_noise() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((64, 64))
    truth[20:40, 20:40] = 100
    noisy = truth + rng.normal(0, 25, truth.shape)
    assert psnr(ct.non_local_means(noisy, 25.0), truth) > psnr(noisy, truth) + 5


def test_the_best_parameter_is_the_one_that_counts() -> None:
    truth = np.zeros((8, 8), np.float32)
    found = best_of("shift", truth, lambda image: psnr(image, truth), lambda image, by: image + by, (3.0, 1.0, 2.0))
    assert found.parameter == 1.0


def test_quality_does_not_depend_on_the_unit() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    image = mr.zero_filled(kspace)
    assert mr.magnitude_psnr(image, truth) == pytest.approx(mr.magnitude_psnr(1e-9 * image, truth), abs=0.01)


def test_sense_beats_zero_filling() -> None:
    truth, kspace = mr_slice(0, 64, 4)
    zero = mr.magnitude_psnr(mr.zero_filled(kspace), truth)
    assert mr.magnitude_psnr(mr._sense(kspace), truth) > zero + 2


def test_slices_of_a_series_differ() -> None:
    values = ct_volume(2, 3).values
    assert not np.array_equal(values[0], values[1])
    assert not np.array_equal(values[1], values[2])


def test_methods_in_table_and_plot(tmp_path: Path) -> None:
    rows = [vars(MethodResult("a", 30.0, 0.1, 5.0)), vars(MethodResult("recon", 35.0, 0.01, ours=True))]
    tasks = {"ct": {"measure": "PSNR, dB", "data": "made up", "input_quality": 28.0, "methods": rows}}
    plots.time_against_quality(peers.record(tasks), tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 5000
    assert table.peer_rows(tasks["ct"])[0][0] == "recon"


def test_tasks_with_peers_are_the_files_of_the_folder() -> None:
    assert set(peers.compared()) == {"ct", "mr"}
