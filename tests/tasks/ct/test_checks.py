"""What is measured of a slice, and what it means."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.verdict import Verdict, verdict_of
from recon.tasks.ct.checks import judge_input, judge_result
from recon.tasks.ct.denoise import denoise
from recon.volumes import Geometry
from tests.conftest import body
from tests.tasks.ct.outputs import GEOMETRY, output_of


def test_noise_that_can_not_be_measured_is_no_pass() -> None:
    checks = {check.name: check for check in judge_input(np.full((128, 128), -1000, np.float32), GEOMETRY)}
    assert checks["noise_level"].outcome is Verdict.REVIEW
    assert "not measured" in checks["noise_level"].message


@pytest.mark.parametrize("shift", [-800, -400, -200, -30, 30, 200, 400, 800])
@pytest.mark.parametrize("noise_hu", [0, 20])
def test_a_shift_is_flagged_however_large_it_is(shift: float, noise_hu: float) -> None:
    hu = body(256, noise_hu)
    result = denoise(hu, output_of(hu, np.full_like(hu, shift)), strength=1.0, factor=1.0)
    checks = {check.name: check for check in judge_result(hu, result)}
    assert checks["hu_shift"].outcome is Verdict.REVIEW
    assert checks["hu_shift"].value == pytest.approx(abs(shift))


@pytest.mark.parametrize("noise_hu", [10, 40, 75])
def test_noise_alone_is_no_shift(noise_hu: float) -> None:
    """Pixels that noise brings into the window of tissue, or out of it, are no sample of all."""
    clean, hu = body(512, 0), body(512, noise_hu)
    checks = judge_result(hu, denoise(hu, output_of(hu, hu - clean), strength=1.0, factor=1.0))
    (shift,) = [check for check in checks if check.name == "hu_shift"]
    assert shift.outcome is Verdict.PASS
    assert shift.value < 0.5


def test_removing_anatomy_is_flagged() -> None:
    from scipy.ndimage import gaussian_filter

    hu = body(256, 10)
    removed = hu - gaussian_filter(hu, 2)
    checks = judge_result(hu, denoise(hu, output_of(hu, removed), strength=1.0, factor=1.0))
    failed = {check.name for check in checks if check.outcome is not Verdict.PASS}
    assert "removed_looks_like_noise" in failed


@pytest.mark.parametrize(
    ("hu", "geometry", "name"),
    [
        (body(128, 150), GEOMETRY, "noise_level"),
        (body(96, 20), GEOMETRY, "matrix_size"),
        (body(2048, 20)[::16], GEOMETRY, "matrix_size"),
        (body(128, 20), Geometry.from_spacing(3.0, 3.0, 3.0), "pixel_spacing"),
        (body(128, 20), Geometry.from_spacing(0.1, 1.4, 3.0), "pixel_spacing"),
        (body(128, 20), Geometry.from_spacing(1.6, 0.5, 3.0), "pixel_spacing"),
        (np.full((128, 128), -1000, np.float32), GEOMETRY, "tissue_share"),
        (body(128, 20) * 100, GEOMETRY, "hu_range"),
    ],
)
def test_inputs_outside_the_trained_range_are_not_passed(hu: np.ndarray, geometry: Geometry, name: str) -> None:
    output = output_of(hu, np.zeros_like(hu))
    result = denoise(hu, output, strength=1.0, factor=1.0)
    checks = [*judge_input(hu, geometry), *judge_result(hu, result)]
    failed = {check.name for check in checks if check.outcome is not Verdict.PASS}
    assert name in failed
    assert verdict_of(checks) is not Verdict.PASS
