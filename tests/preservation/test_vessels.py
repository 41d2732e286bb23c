"""HU inside of small vessels, by methods whose bias is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.preservation.vessels import VESSELS, vessel_bias
from recon.training.ct.preserve import BLUR_MM, made_up


def _darker(stack: np.ndarray) -> tuple[np.ndarray, None]:
    return stack - 3, None


def _blur(stack: np.ndarray) -> tuple[np.ndarray, None]:
    return np.stack([gaussian_filter(plane, 2.0) for plane in stack]), None


def test_the_bias_is_the_one_that_was_made_and_a_blur_takes_most_of_the_smallest() -> None:
    found = vessel_bias(made_up(), {"darker": _darker, "blur": _blur}, realisations=6, blur_mm=BLUR_MM, seed=0)
    assert list(found["blur"]) == [f"bias, vessel of {vessel.size_mm:g} mm" for vessel in VESSELS]
    for entry in found["darker"].values():
        low, high = entry["interval"]
        assert low - 1 < -3 < high + 1
        assert entry["value"] == pytest.approx(abs(entry["signed"]), abs=0.01)
    for entry in found["blur"].values():
        assert entry["signed"] < -30
        assert entry["outcome"] == "FAIL"
