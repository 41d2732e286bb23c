"""One picture shows both scans, the result, what was added and how sure it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.tasks.contrast.preview import contrast_preview
from tests.conftest import head

PRE = head((96, 80)).astype(np.float32)
RESULT = PRE + 0.4 * (np.hypot(*np.mgrid[-48:48, -40:40]) < 8).astype(np.float32)


def test_a_scan_less_makes_a_picture_less_and_a_map_one_more(tmp_path: Path) -> None:
    width = np.full_like(PRE, 0.05)
    whole = contrast_preview(PRE, 3 * PRE, RESULT, width, "title", tmp_path / "a.png")
    without = contrast_preview(PRE, None, RESULT, width, "title")
    kept = contrast_preview(PRE, 3 * PRE, RESULT, width, "title", kept=np.full_like(PRE, 0.7))
    assert without.width < whole.width < kept.width
    with Image.open(tmp_path / "a.png") as written:
        assert written.size == whole.size


def test_the_scale_of_the_later_scan_does_not_matter() -> None:
    width = np.full_like(PRE, 0.05)
    one, other = (
        np.asarray(contrast_preview(PRE, PRE * np.float32(gain), RESULT, width, "t"), int) for gain in (1.0, 7.0)
    )
    assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_scan_that_shows_nothing_can_be_shown(value: float) -> None:
    flat = np.full((40, 40), value, np.float32)
    assert contrast_preview(flat, flat, flat, flat, "nothing").width > 0
