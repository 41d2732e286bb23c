"""What a result was made from lies beside it, or why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.doors.view.case import read_case
from recon.doors.view.images import AFTER, BEFORE, CaseImages
from tests.conftest import read_hu
from tests.doors.view.samples import ct_dicom


def test_dicom_results_lie_beside_their_originals(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=5, without=(1,))
    images = CaseImages(read_case(folder))
    assert images.shape == (5, 96, 96)
    assert images.layout.edges == ("R", "L", "A", "P")
    assert images.layout.spacing == pytest.approx((3.0, 0.8, 0.8))
    after, before = images.read(AFTER, 3), images.read(BEFORE, 3)
    assert after is not None
    assert before is not None
    np.testing.assert_allclose(after, read_hu(folder / "image" / "0004.dcm"), atol=1e-3)
    original = tmp_path / "source_abdomen" / "0003.dcm"
    np.testing.assert_allclose(before, read_hu(original), atol=1e-3)
    assert images.read(AFTER, 1) is None
    assert images.first == 3


def test_originals_that_are_gone_are_told(tmp_path: Path) -> None:
    folder = ct_dicom(tmp_path / "results", "abdomen", slices=2)
    (tmp_path / "source_abdomen").rename(tmp_path / "elsewhere")
    images = CaseImages(read_case(folder))
    assert BEFORE not in images.planes
    assert "no longer there" in images.missing[BEFORE]
