"""How images of a k-space file are laid out: cropped about the centre, and turned where the readout runs across."""

from __future__ import annotations

import numpy as np
import pytest

from recon.io.kspace.series import KSpaceSeries
from recon.values.readouts import KSpace
from recon.volumes import Geometry

GEOMETRY = Geometry.from_spacing(1.0, 1.0, 1.0)


def series(shown: tuple[int, int], **more: bool) -> KSpaceSeries:
    kspace = KSpace(3, 2, 9, 8, GEOMETRY, lambda index: pytest.fail("nothing is to be read"))
    return KSpaceSeries("", kspace, GEOMETRY, shown, **{"transposed": False, **more})  # type: ignore[arg-type]


IMAGE = np.arange(72, dtype=np.float32).reshape(9, 8)


def test_the_centre_of_kspace_stays_in_the_centre() -> None:
    found = series((4, 8)).laid_out(IMAGE)
    np.testing.assert_array_equal(found, IMAGE[2:6])
    assert found[2, 4] == IMAGE[4, 4]  # zero frequency's pixel, n // 2 on either side


def test_fastmri_rounds_the_other_way() -> None:
    np.testing.assert_array_equal(series((5, 5), first_rounded_down=True).laid_out(IMAGE), IMAGE[2:7, 1:6])
    np.testing.assert_array_equal(series((5, 5)).laid_out(IMAGE), IMAGE[2:7, 2:7])


def test_a_turned_image_has_its_shape_turned() -> None:
    turned = series((4, 8), transposed=True)
    assert turned.shape == (3, 8, 4)
    np.testing.assert_array_equal(turned.laid_out(IMAGE), IMAGE[2:6].T)
    assert turned.laid_out(IMAGE).flags.c_contiguous
    assert series((4, 8)).shape == (3, 4, 8)
