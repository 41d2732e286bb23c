"""Conjugate gradients for regularised normal equations; Hestenes and Stiefel (1952)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from served.arrays import ComplexArray
from served.physics.halting import Halt, never


def conjugate_gradients(
    normal: Callable[[ComplexArray], ComplexArray],
    start: ComplexArray,
    residual: ComplexArray,
    weight: float,
    steps: int,
    tolerance: float = 0.0,
    halt: Halt = never,
) -> tuple[ComplexArray, ComplexArray]:
    """Solve (normal + weight) x = b from a start whose residual is known.

    Parameters
    ----------
    normal
        A Hermitian operator that is not negative.
    start
        Where to begin.
    residual
        b - (normal + weight) start.
    weight
        Of the identity.
    steps
        At most.
    tolerance
        Ends when the residual's norm has fallen to this part of what it was.
    halt
        Called before each step.

    Returns
    -------
    tuple
        The solution and what is left of the residual, shaped as ``start``.
    """
    weight = float(np.float32(weight))
    x, direction = start, residual
    energy = first = _energy(residual)
    for _ in range(steps):
        halt()
        applied = normal(direction) + np.float32(weight) * direction
        step = np.float32(energy / (np.vdot(direction, applied).real + 1e-20))
        x = x + step * direction
        residual = residual - step * applied
        renewed = _energy(residual)
        if renewed < tolerance**2 * first:
            break
        direction = residual + np.float32(renewed / (energy + 1e-20)) * direction
        energy = renewed
    return x, residual


def _energy(x: ComplexArray) -> float:
    return float(np.vdot(x, x).real)
