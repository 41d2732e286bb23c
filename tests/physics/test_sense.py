"""The operator, its adjoint and its normal operator belong together."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.conjugate_gradients import conjugate_gradients
from recon.physics.sense import Sense

SHAPE = (48, 40)
RNG = np.random.default_rng(0)
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2
MASKS = {"lines": np.broadcast_to(LINES % 3 == 0, SHAPE), "points": RNG.random(SHAPE) < 0.4}


def some(*shape: int) -> np.ndarray:
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize("mask", MASKS.values(), ids=list(MASKS))
def test_adjoint(mask: np.ndarray) -> None:
    operator = Sense(some(4, *SHAPE), mask)
    x, y = some(*SHAPE), some(4, *SHAPE) * mask
    assert np.vdot(operator.forward(x), y) == pytest.approx(np.vdot(x, operator.adjoint(y)), rel=1e-3)


@pytest.mark.parametrize("mask", MASKS.values(), ids=list(MASKS))
def test_normal_is_adjoint_after_forward(mask: np.ndarray) -> None:
    operator = Sense(some(4, *SHAPE), mask)
    x = some(*SHAPE)
    np.testing.assert_allclose(operator.normal(x), operator.adjoint(operator.forward(x)), atol=1e-3)


def test_conjugate_gradients_solve_the_regularised_equation() -> None:
    operator = Sense(some(4, *SHAPE), MASKS["points"])
    truth = some(*SHAPE)
    right = operator.normal(truth) + np.float32(0.5) * truth
    found, residual = conjugate_gradients(operator.normal, np.zeros_like(right), right, 0.5, 100, 1e-6)
    np.testing.assert_allclose(found, truth, atol=1e-3)
    np.testing.assert_allclose(right - operator.normal(found) - np.float32(0.5) * found, residual, atol=1e-3)
    assert np.linalg.norm(residual) < 1e-5 * np.linalg.norm(right)
