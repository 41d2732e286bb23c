"""The Fourier transform is unitary and puts the zero frequency at n // 2."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.fourier import to_image, to_kspace

SHAPES = [(3, 64, 48), (2, 61, 47), (1, 2, 5)]


def _random(shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize("shape", SHAPES)
def test_inverse_adjoint_and_parseval(shape) -> None:
    x, y = _random(shape, 0), _random(shape, 1)
    np.testing.assert_allclose(to_image(to_kspace(x)), x, atol=1e-5)
    assert np.vdot(to_kspace(x), y) == pytest.approx(np.vdot(x, to_image(y)), rel=1e-4)
    assert np.linalg.norm(to_kspace(x)) == pytest.approx(np.linalg.norm(x), rel=1e-5)


@pytest.mark.parametrize("shape", [(64, 48), (61, 47)])
def test_a_constant_is_the_zero_frequency_alone(shape) -> None:
    kspace = to_kspace(np.ones(shape, np.complex64))
    where = np.unravel_index(np.argmax(np.abs(kspace)), shape)
    assert where == (shape[0] // 2, shape[1] // 2)
    kspace[where] = 0
    assert np.abs(kspace).max() < 1e-4
