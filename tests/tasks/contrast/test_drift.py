"""A drift of grey against white matter is told from uptake, and taken out."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.verdict import Verdict
from recon.tasks.contrast.drift import Drift, measure_drift
from tests.tasks.contrast.phantom import head, scans, uptake

SCALE = 300.0


def _drifted(amount: float, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray]:
    """Scans before and after a tenth of the dose; white matter brighter by ``amount`` in the second."""
    pre, low = scans(uptake(share=0.1), noise=noise)
    white = np.clip((head() - 0.65) / 0.3, 0, 1)
    values = (low.values * (1 + amount * white)).astype(np.float32)
    return pre.values, values


def _measured(pre: np.ndarray, low: np.ndarray) -> Drift:
    return measure_drift(pre, low, (1.0, 1.0, 1.0), scale=SCALE, dose_fraction=0.1)


@pytest.mark.parametrize("noise", [0.005, 0.01, 0.02])
def test_uptake_alone_is_no_drift(noise: float) -> None:
    found = _measured(*_drifted(0.0, noise))
    assert not found.found
    assert found.checks[0].outcome is Verdict.PASS


@pytest.mark.parametrize("amount", [0.03, -0.03, 0.06, 0.12])
def test_a_drift_of_three_percent_is_found_and_taken_out(amount: float) -> None:
    pre, low = _drifted(amount)
    found = _measured(pre, low)
    assert found.found
    assert found.checks[0].outcome is Verdict.REVIEW
    assert np.sign(found.step) == np.sign(amount)
    white = (head() > 0.9) & (uptake(share=0.1) < 0.02)

    def commonest() -> float:
        return float(np.median((low - pre)[white])) / (0.1 * SCALE)

    assert abs(commonest()) > 0.7 * abs(amount) / 0.1
    found.subtract(pre, low, scale=SCALE, dose_fraction=0.1)
    assert abs(commonest()) < 0.03
    assert abs(_measured(pre, low).step) < 0.2 * abs(found.step)
    lesion = (uptake(share=0.1) > 0.4) & (head() > 0.5)
    kept = ((low - pre)[lesion] / (0.1 * SCALE)).mean() / uptake(share=0.1)[lesion].mean()
    assert kept == pytest.approx(1.0, abs=0.15)


def test_slabs_are_corrected_as_the_whole_is() -> None:
    pre, low = _drifted(0.06)
    found = _measured(pre, low)
    whole, parts = low.copy(), low.copy()
    found.subtract(pre, whole, scale=SCALE, dose_fraction=0.1)
    for start in range(0, len(pre), 10):
        part = slice(start, start + 10)
        found.subtract(pre[part], parts[part], scale=SCALE, dose_fraction=0.1)
    np.testing.assert_array_equal(parts, whole)


def test_too_little_tissue_is_not_measured_and_no_pass() -> None:
    empty = np.zeros((8, 32, 32), np.float32)
    found = measure_drift(empty, empty, (1.0, 1.0, 1.0), scale=1.0, dose_fraction=0.1)
    assert np.isnan(found.step)
    assert not found.found
    assert found.checks[0].outcome is Verdict.REVIEW
