"""The evaluation measures what it says, on a head made for the test and a method whose answer is known."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from recon.physics.fourier import to_image
from recon.quality.conformal_table import Cell, ConformalTable
from recon.training.mr.anatomy import MrSource
from recon.training.mr.calibrate import calibrate
from recon.training.mr.evaluate_unrolled import draw, evaluate, evaluation_masks, psnr_ssim
from recon.training.mr.recipe import MrRecipe


@pytest.fixture(scope="module")
def recipe_and_data(tmp_path_factory):
    x, y, z = np.mgrid[-1:1:60j, -1:1:70j, -1:1:56j]
    radius = np.sqrt((x / 0.75) ** 2 + (y / 0.85) ** 2 + (z / 0.9) ** 2)
    head = (radius < 1) * (0.6 + 0.3 * np.sin(8 * x) * np.cos(7 * y) * np.cos(6 * z))
    folder = tmp_path_factory.mktemp("data")
    for name in ("one", "two"):
        nib.save(nib.Nifti1Image((1000 * head).astype(np.int16), np.diag([3.2, 3.0, 3.4, 1.0])), folder / f"{name}.nii")
    held_out = [MrSource(name=name, path=f"{name}.nii") for name in ("one", "two")]
    return MrRecipe(steps=1, sources=[], held_out=held_out), folder


def zero_filled(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    image = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))
    return np.stack([image, 0 * image, 0.2 * image, 0.2 * image, 0 * image])


def test_the_twelve_masks_cover_the_stated_range() -> None:
    masks = evaluation_masks((120, 100))
    assert len(masks) == 12
    for name, mask in masks.items():
        assert mask.shape == (120, 100)
        assert mask[60 - 7 : 60 + 7, 50 - 7 : 50 + 7].all(), name


def test_psnr_ignores_the_scale_and_counts_the_error() -> None:
    truth = np.ones((64, 64))
    error = 0.01 * np.random.default_rng(0).normal(size=truth.shape)
    psnr, ssim = psnr_ssim(5 * (truth + error), truth)
    assert psnr == pytest.approx(40, abs=0.3)
    assert 0.3 < ssim <= 1
    assert psnr_ssim(2 * truth, truth)[1] == pytest.approx(1)


def test_figures_of_every_method_and_a_page(recipe_and_data, tmp_path) -> None:
    recipe, folder = recipe_and_data
    masks = {"whole": np.ones((96, 80), bool), "R2": np.broadcast_to(np.arange(80) % 2 == 0, (96, 80))}
    factors = ConformalTable([Cell("regular lines", (1.0, 1.5), (1, 33), 1.0)])
    evaluation, pictures = evaluate({"zero-filled": zero_filled}, recipe, [folder], 1, masks, factors)
    whole, half = (evaluation["masks"][name] for name in masks)
    assert whole["methods"]["zero-filled"]["psnr_db"] > half["methods"]["zero-filled"]["psnr_db"] + 5
    assert whole["lesion_contrast_recovery"] == pytest.approx(1, abs=0.1)
    assert half["samples_over_measured"] == 2
    assert whole["interval_coverage"] > 0.9
    assert half["interval_coverage"] is None  # no scan like it was calibrated
    draw(evaluation, pictures, tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


@pytest.mark.long
def test_calibration_measures_each_volume_with_the_others_factor(recipe_and_data) -> None:
    recipe, folder = recipe_and_data
    interval = calibrate(zero_filled, recipe, [folder])
    found = interval["cells"]
    assert {cell["pattern"] for cell in found} == {"regular lines", "random lines", "short lines", "grid", "plane"}
    for cell in found:
        assert cell["factor"] > 0
        assert set(cell["coverage_by_others"]) == {"one", "two"}
