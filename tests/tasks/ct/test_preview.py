from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.tasks.ct.preview import ct_preview

HU = np.full((32, 32), 40.0, np.float32)


@pytest.mark.parametrize(("kept", "tiles"), [(None, 4), (np.full((32, 32), np.nan, np.float32), 5)])
def test_what_lesions_keep_is_one_picture_more(kept: np.ndarray | None, tiles: int, tmp_path: Path) -> None:
    page = ct_preview(HU, HU - 10, HU / 4, "a title", tmp_path / "p.png", kept)
    assert Image.open(tmp_path / "p.png").size == page.size
    assert page.width == tiles * 512


def test_what_was_not_removed_is_grey_and_air_is_black() -> None:
    page = np.asarray(ct_preview(np.full((32, 32), -1000.0, np.float32), HU - 1040, HU, "t"))
    middle = page[-256]
    assert middle[256].max() == 0  # air in the window of soft tissue
    np.testing.assert_allclose(middle[2 * 512 + 256], 127, atol=1)  # nothing was removed
