"""Conjugate gradients for regularised normal equations; Hestenes and Stiefel (1952)."""

from __future__ import annotations

from collections.abc import Callable

from served.arrays import ComplexArray
from served.physics.halting import Halt, never
from served.physics.namespace import flat, namespace, single


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
    weight = single(weight)
    x, direction = start, residual
    energy = first = _product(residual, residual)
    for _ in range(steps):
        halt()
        applied = normal(direction) + weight * direction
        step = single(energy / (_product(direction, applied) + 1e-20))
        x = x + step * direction
        residual = residual - step * applied
        renewed = _product(residual, residual)
        if renewed < tolerance**2 * first:
            break
        direction = residual + single(renewed / (energy + 1e-20)) * direction
        energy = renewed
    return x, residual


def _product(a: ComplexArray, b: ComplexArray) -> float:
    """Real part of the scalar product."""
    return float(namespace(a).vdot(flat(a), flat(b)).real)
