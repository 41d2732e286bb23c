"""Removing oversampling keeps the middle of the image and the noise level."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.fourier import to_image, to_kspace
from recon.physics.oversampling import remove_oversampling


@pytest.mark.parametrize(("length", "keep"), [(128, 64), (100, 80), (65, 65)])
def test_the_central_field_of_view_is_kept(length, keep) -> None:
    rng = np.random.default_rng(0)
    image = (rng.normal(size=(3, length, 40)) + 1j * rng.normal(size=(3, length, 40))).astype(np.complex64)
    start = length // 2 - keep // 2
    smaller = to_image(remove_oversampling(to_kspace(image), keep, axis=-2))
    np.testing.assert_allclose(smaller, image[:, start : start + keep], atol=1e-5)


def test_unmeasured_columns_stay_zero() -> None:
    kspace = np.ones((2, 128, 40), np.complex64)
    kspace[:, :, ::2] = 0
    assert not remove_oversampling(kspace, 64, axis=-2)[:, :, ::2].any()
