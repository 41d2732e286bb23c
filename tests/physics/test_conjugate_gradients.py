"""Conjugate gradients solve what a direct method solves, and stop when told."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.conjugate_gradients import conjugate_gradients

RNG = np.random.default_rng(0)


def system(size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    parts = RNG.normal(size=(2, size, size))
    factor = (parts[0] + 1j * parts[1]).astype(np.complex64)
    return factor.conj().T @ factor / size, (RNG.normal(size=size) + 1j * RNG.normal(size=size)).astype(np.complex64)


@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_the_solution_is_the_direct_ones(weight: float) -> None:
    matrix, right = system()
    found, left = conjugate_gradients(lambda x: matrix @ x, np.zeros_like(right), right, weight, 60)
    direct = np.linalg.solve(matrix + weight * np.eye(len(right)), right)
    np.testing.assert_allclose(found, direct, atol=2e-4 * np.abs(direct).max())
    np.testing.assert_allclose(left, right - (matrix @ found + weight * found), atol=1e-4)


def test_it_ends_when_enough_is_solved() -> None:
    matrix, right = system()
    steps = []

    def normal(x: np.ndarray) -> np.ndarray:
        steps.append(1)
        return matrix @ x

    conjugate_gradients(normal, np.zeros_like(right), right, 1.0, 60, tolerance=0.1)
    assert len(steps) < 12


def test_it_can_be_halted_between_steps() -> None:
    matrix, right = system()
    calls = []

    def halt() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conjugate_gradients(lambda x: matrix @ x, np.zeros_like(right), right, 0.1, 60, halt=halt)
    assert len(calls) == 3
