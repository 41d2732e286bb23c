"""k-space to a tensor and back to an image with a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest, UnusableData
from recon.physics.fourier import to_image
from recon.quality.verdict import Verdict
from recon.tasks import mr
from tests.conftest import head, multicoil


def lines_first(kspace):
    return np.ascontiguousarray(kspace.transpose(2, 0, 1))


def perfect(kspace):
    """What a model would answer that explains everything and is sure of it."""
    tensor = mr.prepare(lines_first(kspace), 0).view(np.complex64)[0, ..., 0]
    image = np.sqrt((np.abs(to_image(tensor)) ** 2).sum(0))
    zero = np.zeros_like(image)
    return np.stack([image, zero, 0.01 * image, 0.03 * image, zero]).astype(np.float32)


@pytest.fixture
def kspace():
    return multicoil(head((96, 80)), 6, noise=0.002)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_units_of_the_scanner_come_back(kspace, unit) -> None:
    scaled = kspace * np.float32(unit)
    tensor = mr.prepare(lines_first(scaled), 0)
    assert tensor.shape == (1, 6, 96, 80, 2)
    assert np.abs(tensor).max() == pytest.approx(1)
    result = mr.finish(lines_first(scaled), perfect(scaled), factor=2.0)
    expected = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0)) * unit
    np.testing.assert_allclose(result.image, expected, rtol=1e-3, atol=1e-4 * unit)
    np.testing.assert_allclose(result.uncertainty, 0.04 * result.image, rtol=1e-3)
    assert result.residual == 0


def test_the_residual_is_relative_to_what_was_measured(kspace) -> None:
    output = perfect(kspace)
    tensor = mr.prepare(lines_first(kspace), 0).view(np.complex64)[0, ..., 0]
    output[4] = 0.1 * np.sqrt((np.abs(tensor) ** 2).sum(0))
    assert mr.finish(lines_first(kspace), output, factor=1.0).residual == pytest.approx(0.1, rel=1e-3)


def test_a_good_scan_passes_and_bad_ones_do_not(kspace) -> None:
    def failed(data, output=None):
        output = perfect(data) if output is None else output
        checks = mr.judge(lines_first(data), mr.finish(lines_first(data), output, factor=1.0))
        return {check.name for check in checks if check.outcome is not Verdict.PASS}

    assert failed(kspace) == set()
    sparse = kspace * (np.arange(80) % 20 == 0)
    assert {"acceleration", "calibration_region"} <= failed(sparse)
    unexplained = perfect(kspace)
    unexplained[4] = np.abs(kspace).max()
    assert "data_consistency" in failed(kspace, unexplained)
    unsure = perfect(kspace)
    unsure[2:4] = unsure[0]
    assert "mean_uncertainty" in failed(kspace, unsure)
    unknown = perfect(kspace)
    unknown[2:4] = np.nan
    assert failed(kspace, unknown) == {"mean_uncertainty"}


def test_noise_is_measured_in_the_corners_of_kspace() -> None:
    # smooth enough that the corners hold noise alone
    kspace = multicoil(gaussian_filter(head((128, 128)), 1.5), 4, noise=0.02)
    mask = np.ones((128, 128), bool)
    assert mr.noise_level(lines_first(kspace), mask) == pytest.approx(0.02 * np.sqrt(2), rel=0.15)


@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (np.inf, "infinite")])
def test_samples_that_are_no_numbers(kspace, value, words) -> None:
    kspace[2, 3, 4] = value
    with pytest.raises(UnusableData, match=words):
        mr.prepare(lines_first(kspace), 7)


def test_all_zero_kspace(kspace) -> None:
    with pytest.raises(UnusableData, match="slice 7 is zero everywhere"):
        mr.prepare(lines_first(kspace * 0), 7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coils": 0}, "coils"), ({"coils": 129}, "coils"), ({"samples": 16}, "samples"), ({"lines": 2000}, "lines"),
        ({"slices": 0}, "slices"), ({"averages": 5000}, "averages"),
    ],
)  # fmt: skip
def test_impossible_headers(changes, field) -> None:
    good = {"coils": 8, "samples": 256, "lines": 192, "slices": 3, "averages": 1}
    mr.validate_header(**good)
    with pytest.raises(InvalidRequest) as caught:
        mr.validate_header(**{**good, **changes})
    assert caught.value.field == field
