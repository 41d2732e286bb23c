"""An object made of a scan is that object again when all of it is sampled."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from recon.physics.fourier import to_image
from recon.training.mr import evaluate_scan
from recon.training.mr.coils import receive_maps
from recon.training.mr.evaluate_unrolled import psnr_ssim
from recon.training.mr.sampler import acquire

SIDE = 64


@pytest.fixture(scope="module")
def measured() -> np.ndarray:
    """A disc with a smaller one in it, seen by eight coils, every sample measured."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    image = ((x**2 + y**2 < 0.6) + 0.5 * (x**2 + (y - 0.3) ** 2 < 0.05)).astype(np.complex64)
    rng = np.random.default_rng(0)
    return acquire(image, receive_maps(8, rng), np.ones((SIDE, SIDE), bool), 0.005, rng).kspace.numpy()


def test_full_sampling_gives_the_object_back(measured: np.ndarray) -> None:
    scan = evaluate_scan.resampled(measured, 0.0, 1e-3)
    np.testing.assert_allclose(scan.noisy, scan.noise_free, atol=1e-5)
    coils = np.sqrt((np.abs(to_image(measured)) ** 2).sum(0))
    assert psnr_ssim(scan.noise_free, coils)[0] > 25


def test_noise_has_the_level_that_was_asked_for(measured: np.ndarray) -> None:
    quiet, loud = (evaluate_scan.resampled(measured, noise, 1e-3).kspace for noise in (0.0, 0.02))
    assert np.std(loud - quiet) == pytest.approx(0.02, rel=0.05)


def test_more_regularisation_makes_a_smoother_object(measured: np.ndarray) -> None:
    smooth, rough = (evaluate_scan.resampled(measured, 0.0, strength).noise_free for strength in (2e-2, 1e-4))
    inside = np.s_[28:36, 28:36]
    assert smooth[inside].std() < rough[inside].std()


@pytest.mark.long
def test_the_command_writes_every_method_and_mask(
    measured: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masks = {"all": np.ones((SIDE, SIDE), bool), "half": np.arange(SIDE)[None] % 2 == np.zeros((SIDE, 1))}
    monkeypatch.setattr(evaluate_scan, "evaluation_masks", lambda shape: masks)
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["kspace"] = measured[None]
    evaluate_scan.main(tmp_path / "scan.h5", output=tmp_path / "scan.json")
    found = json.loads((tmp_path / "scan.json").read_text())["masks_by_regularisation"]
    assert set(found) == {"0.005", "0.0002"}
    for table in found.values():
        assert set(table["half"]) == {"unrolled", "zero-filled", "sense", "l1-wavelet"}
        assert table["all"]["zero-filled"]["psnr_db"] > table["half"]["zero-filled"]["psnr_db"] + 3
