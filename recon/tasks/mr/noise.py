"""Noise, energy and dead coils of a slice's own readouts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import DoubleArray
from recon.physics.thermal_noise import dead_coils, noise_of_coils
from recon.values.readouts import Readouts
from recon.volumes import ComplexImage

ROOT_HALF = float(np.sqrt(0.5))
_FEW_LINES = 8


def energy_of(kspace: ComplexImage, scale: float = 1.0) -> float:
    """Sum of squares of k-space over ``scale``, line by line: a whole slice does not fit the processor's cache."""
    total = 0.0
    for line in np.ascontiguousarray(kspace).view(np.float32):
        part = line.ravel() / np.float32(scale)
        total += float(np.dot(part, part))
    return total


def noise_of(readouts: Readouts, noise_std: float) -> tuple[DoubleArray, str]:
    """Standard deviation of each coil's real part, (coils,), and where it is known from.

    Parameters
    ----------
    readouts
        Of a slice.
    noise_std
        From a noise scan; 0 where there was none.
    """
    if noise_std > 0:
        return np.full(readouts.samples.shape[1], noise_std), "from the noise scan"
    source = "from the corners of k-space" if readouts.trajectory is None else "from the rim of k-space"
    return noise_levels(readouts), source


def noise_levels(readouts: Readouts) -> DoubleArray:
    """Standard deviation of each coil's real part, (coils,), from the samples farthest from the centre."""
    return noise_of_coils(readouts.samples.transpose(1, 0, 2)[:, outermost(readouts)]) * ROOT_HALF


def dead_coils_of(readouts: Readouts) -> npt.NDArray[np.bool_]:
    """Which coils of a slice receive nothing, (coils,): told by the few lines farthest from the centre."""
    measured = np.flatnonzero(readouts.mask.any(axis=1))
    few = _FEW_LINES // 2
    return dead_coils(readouts.samples[np.unique(np.concatenate([measured[:few], measured[-few:]]))])


def root_mean_square(levels: DoubleArray) -> float:
    """Of all coils together."""
    return float(np.sqrt(np.mean(np.square(levels))))


def outermost(readouts: Readouts) -> npt.NDArray[np.bool_]:
    """(lines, samples): the twentieth of the measured samples that is farthest from the centre of k-space."""
    mask = readouts.mask
    if readouts.trajectory is None:
        lines, samples = mask.shape
        x, y = np.ogrid[-1 : 1 : lines * 1j, -1 : 1 : samples * 1j]
        distance = np.hypot(x, y)
    else:
        distance = np.hypot(readouts.trajectory[..., 0], readouts.trajectory[..., 1])
    if not mask.any():
        return mask
    count = max(1, int(mask.sum()) // 20)
    inside = distance[mask]
    return mask & (distance >= np.partition(inside, -count)[-count])


def noise_share(readouts: Readouts, noise: float) -> float:
    """Root of the noise's share of the energy of the measured samples.

    Parameters
    ----------
    readouts
        Of a slice.
    noise
        Standard deviation of a coil's real part.
    """
    kspace = readouts.samples
    parts = np.ascontiguousarray(kspace).view(np.float32)
    largest = max(float(parts.max()), -float(parts.min()))
    if largest == 0:
        return 0.0
    measured = 2 * kspace.shape[1] * int(readouts.mask.sum())
    return float(min(1.0, noise / largest * np.sqrt(measured / energy_of(kspace, largest))))
