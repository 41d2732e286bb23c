"""The phase of an image is that of the object, whatever the coils add."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.fourier import to_image
from recon.tasks.base import ModelFacts
from recon.tasks.mr.phase import phase_of
from recon.values.readouts import Readouts
from tests.conftest import head, multicoil

CLASSICAL = ModelFacts("zero-filled", parameters={"methods": "zero-filled,sense"})
NETWORK = ModelFacts("network")


def readouts(kspace: np.ndarray) -> Readouts:
    return Readouts.of_grid(kspace, np.ones(kspace.shape[1:], bool))


def turned(phase: np.ndarray) -> np.ndarray:
    """A phase in radians, within half a turn."""
    return np.angle(np.exp(1j * phase))


def test_where_no_coil_was_calibrated_the_image_keeps_its_own() -> None:
    kspace = multicoil(head((48, 40)), 1)
    image = to_image(kspace)[0]
    np.testing.assert_array_equal(phase_of(image, readouts(kspace), CLASSICAL), np.angle(image))
    learned = ModelFacts("automap", parameters={"encoding": "radial"})
    np.testing.assert_array_equal(phase_of(image, readouts(multicoil(head((48, 40)), 4)), learned), np.angle(image))


@pytest.mark.parametrize("model", [NETWORK, CLASSICAL])
def test_a_turn_of_the_whole_object_is_a_turn_of_its_phase(model: ModelFacts) -> None:
    image, kspace = head((64, 56)), multicoil(head((64, 56)), 6, noise=0.001)
    before = phase_of(image.astype(np.complex64), readouts(kspace), model)
    after = phase_of(image.astype(np.complex64), readouts((kspace * np.exp(0.7j)).astype(np.complex64)), model)
    np.testing.assert_allclose(turned(after - before)[image > 0.3], 0.7, atol=1e-3)


def test_a_phase_of_the_object_is_put_back() -> None:
    """It went with the calibrated sensitivities, so that the combined image has none."""
    image = head((64, 56))
    _, x = np.mgrid[-1:1:64j, -1:1:56j]
    plain, bent = (multicoil(image * np.exp(1j * amount * x), 6) for amount in (0.0, 1.5))
    found = turned(
        phase_of(image.astype(np.complex64), readouts(bent), NETWORK)
        - phase_of(image.astype(np.complex64), readouts(plain), NETWORK)
    )
    inside = image > 0.3
    residual = turned(found - 1.5 * x)[inside]
    assert np.std(residual) < 0.1
