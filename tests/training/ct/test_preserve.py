from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.errors import InvalidRequest
from recon.preservation.trial import Pair
from recon.training.ct import preserve


def test_the_picture_shows_the_lesions_with_and_without_the_scan(tmp_path: Path) -> None:
    (pair,) = preserve.made_up()
    preserve.picture(pair, lambda stack: (stack, None), tmp_path / "probes.png")
    page = np.asarray(Image.open(tmp_path / "probes.png").convert("RGB"), np.float64)
    _, _, alone, shown = np.array_split(page[60:-60, : 4 * page.shape[1] * 15 // 64], 4, axis=1)
    coloured = [(part.max(axis=2) - part.min(axis=2) > 60).mean() for part in (alone, shown)]
    assert 0.001 < coloured[0] < 0.2
    assert coloured[1] == pytest.approx(coloured[0], rel=0.1)  # a method that changes nothing keeps all of them


def test_a_scan_without_soft_tissue_has_no_picture(tmp_path: Path) -> None:
    air = np.full((128, 128), -1000.0, np.float32)
    with pytest.raises(InvalidRequest, match="no soft tissue"):
        preserve.picture(Pair("air", air, air, 0.7), lambda stack: (stack, None), tmp_path / "probes.png")
