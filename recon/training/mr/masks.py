"""Random under-sampling patterns of the kinds that scanners use."""

from __future__ import annotations

import numpy as np
from sigpy.mri import poisson

from recon.arrays import Mask
from recon.physics import sampling

_SIDES = (240, 160, 136, 120, 104, 192, 216, 148)  # of Poisson discs that are drawn ahead


def random_mask(shape: tuple[int, int], rng: np.random.Generator, discs: list[Mask]) -> Mask:
    """A mask (ky, kx) at acceleration 1 to 9 with 12 to 32 samples for calibration.

    Three fifths are columns, equispaced or random, a third Poisson discs, some regular in both axes; some
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
    if kind < 0.33 and discs:
        mask = _cut_disc(discs, shape, rng)
    elif kind < 0.38:
        mask = grid(shape, (2, int(rng.integers(2, 4))), calibration, rng)
    elif kind < 0.4:
        mask = np.ones(shape, bool)
    else:
        if kind < 0.73:
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


def grid(shape: tuple[int, int], every: tuple[int, int], calibration: int, rng: np.random.Generator) -> Mask:
    """Regular in both axes (ky, kx), one sample in ``every`` along each, shifted, around a calibration square."""
    rows, columns = (sampling.equispaced(n, r, 0, int(rng.integers(r))) for n, r in zip(shape, every, strict=True))
    return np.outer(rows, columns) | _centre(shape, calibration)


def short_lines(shape: tuple[int, int], calibration: int, rng: np.random.Generator) -> dict[str, Mask]:
    """Columns (ky, kx) after an asymmetric echo, and such with reference lines that are shorter than the others.

    Parameters
    ----------
    shape
        Of k-space; 12 to 30 % of the first axis are missing on one side, or 30 to 70 % of the reference lines.
    calibration
        Lines of the centre.
    rng
        Of every choice.
    """
    height, width = shape
    lines = {f"R{r}": sampling.equispaced(width, r, calibration, int(rng.integers(r))) for r in (2, 4, 8)}
    most = width / (calibration + 0.08 * width)  # at least a twelfth of the outer columns
    lines["random R3"] = sampling.random_columns(width, min(3.0, most), calibration, rng)
    masks = {}
    for name, columns in lines.items():
        echo = sampling.partial_fourier(height, float(rng.uniform(0.7, 0.88)))
        masks[f"short echo {name}"] = np.outer(echo if rng.random() < 0.5 else echo[::-1], columns)
    for r in (3, 6):
        part = sampling.central(height, max(calibration, round(height * float(rng.uniform(0.3, 0.7)))))
        outer = sampling.equispaced(width, r, 0, int(rng.integers(r)))
        masks[f"short references R{r}"] = outer | np.outer(part, sampling.central(width, calibration))
    return masks


def poisson_disc(shape: tuple[int, int], acceleration: float, calibration: int, seed: int) -> Mask:
    """Variable-density Poisson disc (ky, kx) around a calibration square.

    Where the disc's radius can't be fitted to the acceleration, samples are drawn uniformly instead.
    """
    try:
        disc = poisson(shape, acceleration, calib=(calibration, calibration), seed=seed, tol=0.3)
        return np.asarray(np.abs(disc) > 0)
    except ValueError:
        return _centre(shape, calibration) | (np.random.default_rng(seed).random(shape) < 1 / acceleration)


def draw_discs(count: int, seed: int) -> list[Mask]:
    """Poisson discs of many matrices at accelerations 2.2 to 10, to be trimmed to others."""
    rng = np.random.default_rng(seed)
    discs = []
    for index in range(count):
        shape = _SIDES[index % len(_SIDES)], _SIDES[index // len(_SIDES) % len(_SIDES)]
        acceleration = float(np.exp(rng.uniform(np.log(2.2), np.log(10.0))))
        discs.append(poisson_disc(shape, acceleration, int(rng.integers(12, 29)), int(rng.integers(1 << 30))))
    return discs


def _cut_disc(discs: list[Mask], shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """The centre of one of the discs that exceed a matrix least, turned at random."""
    height, width = shape
    large = [d for d in discs if d.shape[0] >= height and d.shape[1] >= width]
    large = sorted(large, key=lambda d: d.size)[:4]
    if not large:
        return poisson_disc(shape, 4.0, 16, int(rng.integers(1 << 30)))
    disc = large[rng.integers(len(large))]
    top, left = disc.shape[0] // 2 - height // 2, disc.shape[1] // 2 - width // 2
    mask = disc[top : top + height, left : left + width]
    if rng.random() < 0.5:  # mirrored about the zero frequency
        index = (2 * (height // 2) - np.arange(height)) % height
        mask = mask[index]
    return np.asarray(mask)


def _centre(shape: tuple[int, int], calibration: int) -> Mask:
    return np.outer(*(sampling.central(n, calibration) for n in shape))
