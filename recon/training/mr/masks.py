"""Random under-sampling patterns of the kinds that scanners use."""

from __future__ import annotations

import numpy as np
from sigpy.mri import poisson

from recon.physics import sampling

Rng = np.random.Generator
DISC = 248  # side of the Poisson discs that are drawn ahead


def random_mask(shape: tuple[int, int], rng: Rng, discs: list[sampling.Mask]) -> sampling.Mask:
    """A mask (ky, kx) at acceleration 1 to 9 with 12 to 32 samples for calibration.

    Two thirds are columns, equispaced or random, a fifth Poisson discs, some regular in both axes; some
    with partial Fourier or asymmetric echo, a few whole.

    Parameters
    ----------
    shape
        Of k-space.
    rng
        Of every choice.
    discs
        To cut Poisson discs from, :func:`draw_discs`.
    """
    height, width = shape
    calibration = int(rng.integers(12, 33))
    acceleration = float(np.exp(rng.uniform(np.log(1.8), np.log(9.0))))
    kind = rng.random()
    if kind < 0.2 and discs:
        mask = _cut_disc(discs[rng.integers(len(discs))], shape, calibration, rng)
    elif kind < 0.27:
        rows = sampling.equispaced(height, 2, 0, int(rng.integers(2)))
        columns = sampling.equispaced(width, int(rng.integers(2, 4)), 0, int(rng.integers(4)))
        mask = np.outer(rows, columns) | _centre(shape, calibration)
    elif kind < 0.3:
        mask = np.ones(shape, bool)
    else:
        if kind < 0.75:
            columns = sampling.equispaced(width, max(2, round(acceleration)), calibration, int(rng.integers(8)))
        else:
            most = width / (calibration + 0.08 * width)  # at least a twelfth of the outer columns
            columns = sampling.random_columns(width, min(acceleration, most), calibration, rng)
        mask = np.broadcast_to(columns, shape).copy()
    if rng.random() < 0.2:
        part = sampling.partial_fourier(width, float(rng.uniform(0.6, 0.85)))
        part = part if rng.random() < 0.5 else part[::-1]
        mask &= part | sampling.central(width, calibration)
    if rng.random() < 0.06:
        part = sampling.partial_fourier(height, float(rng.uniform(0.65, 0.85)))
        mask &= (part | sampling.central(height, calibration))[:, None]
    if rng.random() < 0.04:  # a larger matrix than was acquired
        mask &= sampling.central(width, int(0.85 * width)) & sampling.central(height, int(0.85 * height))[:, None]
    return mask


def poisson_disc(shape: tuple[int, int], acceleration: float, calibration: int, seed: int) -> sampling.Mask:
    """Variable-density Poisson disc (ky, kx) around a calibration square.

    Where the disc's radius can't be fitted to the acceleration, samples are drawn uniformly instead.
    """
    try:
        disc = poisson(shape, acceleration, calib=(calibration, calibration), seed=seed, tol=0.3)
        return np.asarray(np.abs(disc) > 0)
    except ValueError:
        return _centre(shape, calibration) | (np.random.default_rng(seed).random(shape) < 1 / acceleration)


def draw_discs(count: int, seed: int) -> list[sampling.Mask]:
    """Poisson discs of 248 a side at accelerations 2 to 12, to be cut to any matrix."""
    accelerations = np.exp(np.linspace(np.log(2.5), np.log(12.0), count))
    return [poisson_disc((DISC, DISC), float(a), 12, seed + i) for i, a in enumerate(accelerations)]


def _cut_disc(disc: sampling.Mask, shape: tuple[int, int], calibration: int, rng: Rng) -> sampling.Mask:
    height, width = shape
    turned = disc[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]
    top, left = (DISC - height) // 2, (DISC - width) // 2
    mask = turned[top : top + height, left : left + width] | _centre(shape, calibration)
    if rng.random() < 0.5:
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        mask = mask & (y**2 + x**2 <= 1)
    return np.asarray(mask)


def _centre(shape: tuple[int, int], calibration: int) -> sampling.Mask:
    return np.outer(*(sampling.central(n, calibration) for n in shape))
