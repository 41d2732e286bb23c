"""The same arithmetic on arrays of another library: torch on the processor, as on a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from array_api_compat import torch as library

from recon.physics.coil_compression import virtual_coils
from recon.physics.conjugate_gradients import conjugate_gradients
from recon.physics.espirit import centre_of, sensitivities
from recon.physics.fourier import finer, to_image, to_kspace
from recon.physics.namespace import beside, on_host, zeros
from recon.physics.sense import Sense
from recon.physics.thermal_noise import outer_noise
from tests.conftest import head, multicoil

SHAPE, NOISE = (72, 60), 0.004
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2
MASKS = {
    "lines": np.broadcast_to((LINES % 3 == 0) | (np.abs(LINES) < 10), SHAPE),
    "points": (np.random.default_rng(0).random(SHAPE) < 0.4) | (np.abs(LINES) < 10),
}
#: Rounding of single precision, of the largest value: transforms and sums add in another order.
CLOSE = 2e-6


def on_torch(array: np.ndarray) -> torch.Tensor:
    return library.asarray(array, device="cpu")


def assert_same(found: torch.Tensor, wanted: np.ndarray, part: float = CLOSE) -> None:
    assert isinstance(found, torch.Tensor)
    assert on_host(found).dtype == wanted.dtype
    np.testing.assert_allclose(on_host(found), wanted, rtol=0, atol=part * np.abs(wanted).max())


def scan(coils: int, mask: np.ndarray) -> np.ndarray:
    return (multicoil(head(SHAPE), coils, noise=NOISE) * mask).astype(np.complex64)


def test_arrays_travel_there_and_back() -> None:
    array = np.arange(6, dtype=np.complex64).reshape(2, 3)
    assert on_host(array) is beside(array, array) is array
    moved = beside(array, on_torch(array))
    assert isinstance(moved, torch.Tensor)
    assert beside(moved, moved) is moved
    np.testing.assert_array_equal(on_host(moved.conj()), array.conj())
    for one in (array, moved):
        made = zeros((4,), one)
        assert type(made) is type(one)
        assert made.dtype == one.dtype


@pytest.mark.parametrize("transform", [to_image, to_kspace, lambda x: finer(x, (80, 81))])
def test_transforms(transform) -> None:
    array = scan(3, MASKS["points"])
    assert_same(transform(on_torch(array)), transform(array))


@pytest.mark.parametrize("mask", MASKS.values(), ids=list(MASKS))
def test_conjugate_gradients_with_sensitivities(mask: np.ndarray) -> None:
    kspace, maps = scan(4, mask), to_image(multicoil(head(SHAPE), 4))
    made = []
    for place in (np.asarray, on_torch):
        operator = Sense(place(maps), mask)
        right = operator.adjoint(place(kspace))
        made.append(conjugate_gradients(operator.normal, right, right - operator.normal(right), 0.02, 12)[0])
        made.append(operator.forward(made[-1]))
    assert_same(made[2], made[0], 1e-4)  # rounding grows with the condition
    assert_same(made[3], made[1], 1e-4)


def test_virtual_coils_explain_the_same() -> None:
    """Each may have another phase."""
    kspace = scan(16, MASKS["lines"])
    wanted, wanted_rest = virtual_coils(kspace, kspace, 6)
    found, rest = virtual_coils(on_torch(kspace), on_torch(kspace), 6)
    assert_same(abs(found), np.abs(wanted), 1e-5)
    assert_same(rest, wanted_rest, 1e-3)


@pytest.mark.parametrize("coils", [1, 5])
def test_noise_and_sensitivities(coils: int) -> None:
    kspace = scan(coils, MASKS["lines"])
    noise = outer_noise(kspace, MASKS["lines"])
    assert outer_noise(on_torch(kspace), MASKS["lines"]) == pytest.approx(noise, rel=1e-6)
    wanted, scale = sensitivities(centre_of(kspace, SHAPE), SHAPE, noise)
    found, found_scale = sensitivities(centre_of(on_torch(kspace), SHAPE), SHAPE, noise)
    assert found_scale == pytest.approx(scale, rel=1e-5)
    seen = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))  # where nothing is, maps may be anything
    difference = np.abs(on_host(found) - wanted) * seen
    assert np.sqrt(np.mean(difference**2)) < 1e-4 * seen.max()
