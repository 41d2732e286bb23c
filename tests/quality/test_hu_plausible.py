"""Numbers that can't be HU are found, whatever they look like; CT scans pass."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.hu_plausible import hu_plausible
from recon.quality.verdict import Verdict
from tests.conftest import body

HU = np.stack([body(128, 20, seed) for seed in range(3)])
PADDED = np.where(np.hypot(*np.mgrid[-1:1:128j, -1:1:128j]) > 1, np.float32(-3024), HU)


@pytest.mark.parametrize(
    "values",
    [HU, PADDED, np.clip(HU, -1024, 3071), HU[:, 30:100, 30:100], np.where(PADDED < -2000, -2000, HU), HU + 24],
)
def test_ct_passes(values: np.ndarray) -> None:
    check = hu_plausible(values.astype(np.float32))
    assert check.outcome is Verdict.PASS
    assert check.name == "hu_plausible"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.clip(HU + 1024, 0, 4095), "near 0"),
        (HU + 1000, "1024 was not subtracted"),
        (np.where(PADDED < -2000, -2000, HU + 1024), "near 0"),
        (np.where(PADDED < -2000, -1024, HU + 1024), "1024 was not subtracted"),
        ((HU + 1100) / 2500, "0 to 1"),
        (np.clip((HU + 160) / 400 * 255, 0, 255), "0 to 255"),
        (HU / 1000, "these can't be HU"),
        ((HU - HU.mean()) / HU.std(), "these can't be HU"),
        (HU - 1024, "these can't be HU"),
        (np.full_like(HU, 40), "these can't be HU"),
        (np.full_like(HU, -3024), "these can't be HU"),
        ((HU + 1024) * 16, "these can't be HU"),
    ],
)
def test_what_can_not_be_hu_goes_to_review(values: np.ndarray, words: str) -> None:
    check = hu_plausible(values.astype(np.float32))
    assert check.outcome is Verdict.REVIEW
    assert words in check.message
