"""Measured scans are sampled again; what has gaps, or no numbers, is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from recon.errors import InvalidRequest, UnreadableInput
from recon.physics.fourier import to_image
from recon.quality.conformal_table import Cell, ConformalTable
from recon.training.mr import evaluate_measured
from recon.training.mr.coils import receive_maps
from recon.training.mr.sampler import acquire

SIDE = 96
EVERYTHING = ConformalTable(
    [Cell(pattern, (1.0, 20.0), (1, 65), 2.0) for pattern in ("regular lines", "random lines", "plane")]
)


@pytest.fixture(scope="module")
def kspace() -> np.ndarray:
    """A disc seen by four coils, every sample measured, (coil, ky, kx)."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    image = (x**2 + y**2 < 0.6).astype(np.complex64)
    rng = np.random.default_rng(0)
    return acquire(image, receive_maps(4, rng), np.ones((SIDE, SIDE), bool), 0.005, rng).kspace.numpy()


def _write(path: Path, kspace: np.ndarray) -> str:
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
    return str(path)


def _zero_filled(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    image = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))
    return np.stack([image, 0 * image, 0.1 * image, 0.1 * image, 0 * image])


def test_every_mask_leaves_samples_out_and_keeps_the_centre() -> None:
    for shape in ((96, 96), (64, 64), (230, 180)):
        for name, mask in evaluate_measured.measured_masks(shape).items():
            assert mask.shape == shape
            assert 1.2 < mask.size / mask.sum() < 9, name
            assert mask[shape[0] // 2 - 6 : shape[0] // 2 + 6, shape[1] // 2 - 6 : shape[1] // 2 + 6].all(), name


def test_gain_is_the_difference_of_the_two_and_coverage_that_of_the_interval(kspace: np.ndarray) -> None:
    def better(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
        planes = _zero_filled(kspace, mask)
        truth = np.sqrt((np.abs(to_image(whole)) ** 2).sum(0))
        planes[0] = truth + 0.5 * (planes[0] - truth)
        planes[2:4] = np.abs(planes[0] - truth) * 0.51
        return planes

    whole = kspace
    scan = evaluate_measured.MeasuredSlice("disc:0", kspace, evaluate_measured.magnitude(kspace))
    methods = {"unrolled": better, "l1-wavelet": _zero_filled}
    for name, row in evaluate_measured.evaluate(methods, scan, EVERYTHING).items():
        assert row["gain_db"] == pytest.approx(6.0, abs=0.6), name  # half of the error
        assert row["coverage"] == 1.0
        assert row["calibrated"] is True
    for row in evaluate_measured.evaluate(methods, scan, None).values():
        assert row["coverage"] is None
        assert row["calibrated"] is None


def test_slices_are_chosen_by_number(kspace: np.ndarray, tmp_path: Path) -> None:
    path = _write(tmp_path / "scan.h5", np.stack([kspace, 2 * kspace, 3 * kspace]))
    assert [part.name for part in evaluate_measured.read_slices(path)] == ["scan:0", "scan:1", "scan:2"]
    (chosen,) = evaluate_measured.read_slices(f"{path}:2")
    np.testing.assert_array_equal(chosen.kspace, 3 * kspace)
    for wrong in ("3", "-1", "a", "0,,1"):
        with pytest.raises(InvalidRequest, match="slices 0 to 2"):
            list(evaluate_measured.read_slices(f"{path}:{wrong}"))


def test_repetitions_are_held_against_each_other_and_know_their_noise(kspace: np.ndarray, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    sigma = 0.02 * evaluate_measured.magnitude(kspace).max()
    noise = rng.normal(0, sigma / 2**0.5, (3, *kspace.shape, 2)).view(np.complex128)[..., 0]
    slices = list(evaluate_measured.read_slices(_write(tmp_path / "scan.h5", (kspace + noise).astype(np.complex64))))
    for index, part in enumerate(evaluate_measured.repetitions(slices)):
        assert np.corrcoef(part.truth.ravel(), slices[index].truth.ravel())[0, 1] < 1
        # real part of the noise along the signal, of the mean of two
        assert part.truth_noise == pytest.approx(sigma / 2**0.5 / 2**0.5, rel=0.1)
        error = (slices[index].truth - part.truth)[part.truth > 0.5 * part.truth.max()]
        assert error.std() == pytest.approx(sigma / 2**0.5 * 1.5**0.5, rel=0.1)
    with pytest.raises(InvalidRequest, match="two or more slices"):
        evaluate_measured.repetitions(slices[:1])


def test_one_coil_may_lack_its_axis(kspace: np.ndarray, tmp_path: Path) -> None:
    (part,) = evaluate_measured.read_slices(_write(tmp_path / "one.h5", kspace[:1]))
    assert part.kspace.shape == (1, SIDE, SIDE)


def test_a_scan_with_gaps_is_refused(kspace: np.ndarray, tmp_path: Path) -> None:
    gaps = kspace.copy()
    gaps[:, :, ::3] = 0
    with pytest.raises(InvalidRequest, match="slice 0 has gaps"):
        list(evaluate_measured.read_slices(_write(tmp_path / "gaps.h5", gaps[None])))


def test_samples_that_are_no_numbers_are_refused(kspace: np.ndarray, tmp_path: Path) -> None:
    broken = kspace.copy()
    broken[0, 3, 3] = np.nan
    with pytest.raises(UnreadableInput, match="slice 0 holds samples that are no numbers"):
        list(evaluate_measured.read_slices(_write(tmp_path / "broken.h5", broken[None])))
    with pytest.raises(UnreadableInput, match="no complex kspace"):
        list(evaluate_measured.read_slices(_write(tmp_path / "image.h5", np.abs(kspace)[None])))


def test_the_file_says_how_the_figures_were_made(kspace: np.ndarray, tmp_path: Path) -> None:
    said: list[str] = []
    methods = {"unrolled": _zero_filled, "l1-wavelet": _zero_filled}
    scan = _write(tmp_path / "scan.h5", kspace[None])
    evaluate_measured.run([scan], methods, EVERYTHING, tmp_path / "out", said.append)
    found = json.loads((tmp_path / "out" / "measured.json").read_text())
    assert set(found["conditions"]) == {"truth", "psnr", "coverage"}
    assert {row["gain_db"] for row in found["scans"]["scan:0"].values()} == {0.0}
    assert said[-1].splitlines()[-1].startswith("| scan:0 | +0.0 (+0.0 to +0.0) | ")
