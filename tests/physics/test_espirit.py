"""Maps are those of the coils, keep the phase that they begin with, and explain more than low resolution does."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.espirit import centre_of, low_resolution, sensitivities
from recon.physics.fourier import to_image
from recon.physics.sampling import calibration_size
from recon.physics.thermal_noise import outer_noise
from tests.conftest import head, multicoil

SHAPE = (96, 80)
IMAGE = head(SHAPE)
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2


def maps_of(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return sensitivities(centre_of(kspace, calibration_size(mask)), SHAPE, outer_noise(kspace, mask))[0]


def test_maps_are_those_of_the_coils() -> None:
    kspace = multicoil(IMAGE, 6)
    coils = to_image(kspace)
    truth = coils / np.sqrt((np.abs(coils) ** 2).sum(0))
    similarity = np.abs((maps_of(kspace, np.ones(SHAPE, bool)).conj() * truth).sum(0))[IMAGE > 0.1]
    assert similarity.min() > 0.98
    assert np.median(similarity) > 0.9995


def test_a_centre_cut_on_one_side_gives_the_same_maps() -> None:
    kspace = multicoil(IMAGE, 6)
    whole = maps_of(kspace, np.ones(SHAPE, bool))
    late = np.broadcast_to(LINES > -9, SHAPE)
    similarity = np.abs((whole.conj() * maps_of(kspace * late, late)).sum(0))[IMAGE > 0.1]
    assert np.median(similarity) > 0.999


@pytest.mark.parametrize("coils", [1, 6])
def test_what_coils_see_outside_of_the_maps_is_less_than_at_low_resolution(coils: int) -> None:
    mask = np.broadcast_to((LINES % 3 == 0) | (np.abs(LINES) < 10), SHAPE)
    kspace = multicoil(IMAGE, coils, noise=0.002)
    truth = to_image(multicoil(IMAGE, coils))
    low = low_resolution(centre_of(kspace * mask, calibration_size(mask)), SHAPE)
    rough = low / np.sqrt((np.abs(low) ** 2).sum(0))
    fine = maps_of(kspace * mask, mask)
    inside = IMAGE > 0.2
    left = [np.linalg.norm((truth - m * (m.conj() * truth).sum(0))[:, inside]) for m in (rough, fine)]
    np.testing.assert_allclose((np.abs(fine) ** 2).sum(0)[inside], 1, atol=1e-4)
    assert np.median(np.abs(np.angle((rough.conj() * fine).sum(0)))[inside]) < 0.05
    assert left[1] < 0.8 * left[0] if coils > 1 else left[1] < 1e-3


def test_an_empty_centre_has_no_scale() -> None:
    maps, scale = sensitivities(np.zeros((3, 24, 24), np.complex64), SHAPE, 0.1)
    assert scale == 0
    assert not maps.any()
