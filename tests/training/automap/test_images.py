"""Pictures of both kinds are read."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.automap import images
from recon.training.automap.recipe import PictureSource
from tests.training.automap.pictures import SOURCES


def test_pictures_of_both_kinds(data) -> None:
    bank = images.load(SOURCES, [data / "nowhere", data], 64)
    assert bank.anatomy.shape[1:] == bank.photographs.shape[1:] == (64, 64)
    assert len(bank.anatomy) > 5
    assert len(bank.photographs) >= 1
    assert bank.anatomy.max() > 200
    # a slice is isotropic: this one along the third axis, 48 mm by 60 mm
    rows, columns = (np.flatnonzero(bank.anatomy[-1].max(axis)) for axis in (1, 0))
    assert (np.ptp(rows) + 1) / (np.ptp(columns) + 1) == pytest.approx(60 / 48, rel=0.15)


def test_missing_pictures_are_named(data) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        images.load([PictureSource(name="x", path="elsewhere", kind="anatomy")], [data])
