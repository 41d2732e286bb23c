"""Windows to begin with show what there is."""

from __future__ import annotations

import numpy as np
import pytest

from recon.doors.view.presets import display_of, is_relative

IMAGE = np.random.default_rng(0).normal(300, 50, (64, 64)).astype(np.float32)


def test_ct_has_its_windows_whatever_the_slice() -> None:
    assert not is_relative("ct")
    assert display_of("ct", None, None).unit == "HU"
    assert display_of("ct", None, None) == display_of("ct", IMAGE, IMAGE)
    assert "lung" in {window.name for window in display_of("ct", None, None).windows}


def test_relative_brightness_has_windows_of_its_slice() -> None:
    shown = display_of("mr", IMAGE, np.abs(IMAGE) / 20)
    assert is_relative("mr")
    assert shown.unit == ""
    automatic, everything = shown.windows[0], shown.windows[-1]
    assert ((automatic.low > IMAGE) | (automatic.high < IMAGE)).mean() < 0.02
    assert everything.low <= IMAGE.min()
    assert everything.high >= IMAGE.max()
    assert 0.04 < (np.abs(IMAGE) / 20 > shown.threshold).mean() < 0.06


@pytest.mark.parametrize(
    ("image", "half_width"),
    [
        (None, None),
        (np.full((4, 4), np.nan, np.float32), np.full((4, 4), np.nan, np.float32)),
        (np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)),
        (np.full((4, 4), 7.0, np.float32), None),
    ],
)
def test_a_slice_that_shows_nothing_can_be_shown(image: np.ndarray | None, half_width: np.ndarray | None) -> None:
    shown = display_of("contrast", image, half_width)
    assert all(window.low < window.high for window in shown.windows)
    assert 0 < shown.threshold < shown.widest
    assert shown.difference > 0
