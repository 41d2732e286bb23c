"""The lesion test gives a perfect method 1 and a blurred one less."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from recon.physics.fourier import to_image
from recon.training.mr.coils import receive_maps
from recon.training.mr.lesions import lesion_recovery


def combine(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    image = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))
    return np.stack([image, 0 * image, image, image, image])


def test_recovery_and_false_structure() -> None:
    y, x = np.mgrid[-1:1:96j, -1:1:80j]
    image = (np.hypot(x / 0.75, y / 0.8) < 1).astype(np.complex64)
    maps = receive_maps(4, np.random.default_rng(0))
    given = (image, maps, np.ones((96, 80), bool), 0.001, 4.0)
    found = lesion_recovery(combine, *given)
    assert len(found.recovery) >= 8
    assert found.recovery == pytest.approx(1, abs=0.02)
    assert found.false_structure < 0.05

    def blurred(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(combine(kspace, mask), (0, 3, 3))

    worse = lesion_recovery(blurred, *given)
    assert np.median(worse.recovery) < 0.6
