"""Scores say what they mean, and files come out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recon.cli.evaluating import mr as command
from recon.errors import InvalidRequest, UnreadableInput
from recon.io.kspace.results import write_hdf5
from recon.training.mr.evaluate import evaluate, read_reconstruction, read_truth
from recon.training.mr.metrics import score
from recon.volumes import Geometry
from tests.conftest import head

TRUTH = head((96, 80)).astype(np.float32)


def noisy(level, seed=0):
    return (TRUTH + level * np.random.default_rng(seed).normal(size=TRUTH.shape)).astype(np.float32)


def test_units_do_not_matter_and_a_perfect_image_is_perfect() -> None:
    found = score(5e-7 * TRUTH, TRUTH)
    assert found.nmse < 1e-10
    assert found.psnr_db > 100
    assert found.ssim == pytest.approx(1)
    assert found.hfen < 1e-5


def test_more_noise_is_worse_by_every_measure() -> None:
    low, high = score(noisy(0.02), TRUTH), score(noisy(0.1), TRUTH)
    assert low.psnr_db - high.psnr_db == pytest.approx(20 * np.log10(5), abs=0.7)
    assert low.ssim > high.ssim
    assert low.hfen < high.hfen
    assert high.nmse / low.nmse == pytest.approx(25, rel=0.15)


def test_the_interval_of_gaussian_noise_covers_what_it_says() -> None:
    width = np.full(TRUTH.shape, 1.645 * 0.05, np.float32)
    assert score(noisy(0.05), TRUTH, width).coverage == pytest.approx(0.9, abs=0.015)
    assert np.isnan(score(noisy(0.05), TRUTH, width * np.nan).coverage)


def test_blur_shows_in_the_high_frequencies() -> None:
    from scipy.ndimage import gaussian_filter

    blurred = score(gaussian_filter(TRUTH, 1.0), TRUTH)
    assert blurred.hfen > 0.2
    assert blurred.nmse < 0.05


def _folder(path, image, model):
    path.mkdir()
    write_hdf5(image, np.full_like(image, 0.1), Geometry.from_spacing(1, 1, 1), path / "image.h5")
    report = {"parameters": {"model": model}, "checks": [{"name": "data_consistency", "value": 0.07}]}
    (path / "report.json").write_text(json.dumps(report))
    return path


def test_folders_become_a_table_a_file_and_a_figure(tmp_path, capsys) -> None:
    stack = np.stack([TRUTH, TRUTH[::-1]])
    write_hdf5(stack, 0 * stack, Geometry.from_spacing(1, 1, 1), tmp_path / "truth.h5")
    unfinished = stack.copy()
    unfinished[1] = np.nan
    folders = [_folder(tmp_path / "a", stack * 3, "sense"), _folder(tmp_path / "b", unfinished, "l1-wavelet")]
    command.mr(tmp_path / "truth.h5", folders, tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| sense | ")
    assert " 0.070 " in lines[3]
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())["results"]
    assert [item["missing_slices"] for item in content] == [0, 1]
    assert content[0]["mean"]["nmse"] < 1e-10
    assert (tmp_path / "out" / "evaluation.png").stat().st_size > 10_000


def test_what_does_not_fit_is_named(tmp_path) -> None:
    found = read_reconstruction(_folder(tmp_path / "a", TRUTH[None], "sense"))
    with pytest.raises(InvalidRequest, match="sense has shape"):
        evaluate(TRUTH[None, :50], [found])
    with pytest.raises(UnreadableInput, match="no such file"):
        read_truth(tmp_path / "none.h5")
