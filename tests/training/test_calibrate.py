"""A factor makes an interval hold what it says, on scans that it was not made from."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.calibrate import cross_calibrated


def scan(scale: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian errors with ``scale`` times the predicted width."""
    rng = np.random.default_rng(seed)
    width = rng.uniform(1, 3, 4000)
    return np.abs(rng.normal(size=4000)) * width * scale, width


def test_scans_alike_are_covered_by_each_others_factor() -> None:
    found = cross_calibrated({name: scan(0.5, seed) for seed, name in enumerate("abc")})
    assert found["coverage"] == 0.9
    assert found["conformal_factor"] == pytest.approx(0.5 * 1.645, rel=0.05)
    for held_out in found["held_out"].values():
        assert held_out["coverage"] == pytest.approx(0.9, abs=0.02)
        assert held_out["factor_from_other_scans"] == pytest.approx(0.5 * 1.645, rel=0.05)
        assert held_out["mean_half_width"] == pytest.approx(2 * 0.5 * 1.645, rel=0.06)


def test_a_scan_unlike_the_others_shows_it() -> None:
    found = cross_calibrated({"a": scan(1.0, 0), "b": scan(1.0, 1), "odd": scan(3.0, 2)})
    assert found["held_out"]["odd"]["coverage"] < 0.5
    assert found["held_out"]["a"]["coverage"] > 0.95


def test_with_nothing_held_out_there_is_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="nothing is held out"):
        cross_calibrated({})


def test_one_scan_is_not_tried_on_itself() -> None:
    found = cross_calibrated({"a": scan(0.5, 0)})
    assert found["held_out"] == {}
    assert found["conformal_factor"] == pytest.approx(0.5 * 1.645, rel=0.05)
