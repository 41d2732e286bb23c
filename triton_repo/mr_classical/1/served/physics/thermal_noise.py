"""Thermal noise of receive coils, measured on the scan itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from served.arrays import Mask
from served.physics.namespace import beside, flat, namespace, on_host

#: Of the other coils' median magnitude, below which a coil receives nothing, not even noise.
_DEAD = 1e-3


def outer_noise(kspace: npt.NDArray[np.complex64], mask: Mask) -> float:
    """Standard deviation of a coil's complex noise, from the 5 % of the measured samples farthest out.

    There noise outweighs anatomy, and the median leaves single strong samples without weight. The squared
    magnitude of complex noise is exponential, so that its median is the variance times ln 2.

    Parameters
    ----------
    kspace
        (coils, ky, kx), of any library.
    mask
        (ky, kx), which samples were measured; at least one; NumPy's.
    """
    height, width = mask.shape
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    distance = np.where(mask, np.hypot(y[:, None], x), 0).ravel()
    count = max(1, int(mask.sum()) // 20)
    outer = np.argpartition(distance, -count)[-count:]
    power = abs(kspace.reshape(len(kspace), -1)[:, beside(outer, kspace)]) ** 2
    return float(np.sqrt(_median(power) / np.log(2)))


def _median(values: Any) -> np.float32:
    """Of all elements of an array of any library; of an even number the mean of the middle two."""
    ordered = namespace(values).sort(flat(values))
    count = ordered.shape[0]
    return np.mean(on_host(ordered[(count - 1) // 2 : count // 2 + 1]))


def noise_of_coils(outer: npt.NDArray[np.complex64]) -> npt.NDArray[np.float64]:
    """Standard deviation of each coil's complex noise, (coils,), from samples (coils, n) that hold little else."""
    if not outer.shape[1]:
        return np.zeros(len(outer))
    return np.asarray(np.sqrt(np.median(np.abs(outer) ** 2, axis=1) / np.log(2)), np.float64)


def noise_beside_object(lines: npt.NDArray[np.complex64], mask: Mask) -> float:
    """Standard deviation of a coil's complex noise where the object is not, for coils of equal noise.

    Small structure reaches into the corners of k-space; beside the object there is none. Lines are transformed
    along the readout, and of each place in it the median over lines and coils is taken, which the few strong
    lines about the centre do not move; then the darkest twentieth of places counts.

    Parameters
    ----------
    lines
        (n, coils, samples), zero frequency at samples // 2.
    mask
        (n, samples), which of them were measured.
    """
    power = np.abs(np.fft.ifft(lines, axis=2, norm="ortho")) ** 2
    places = np.median(power, axis=(0, 1)) / np.log(2) / max(float(mask.mean()), 1e-9)
    return float(np.sqrt(np.quantile(places, 0.05)))


def dead_coils(lines: npt.NDArray[np.complex64]) -> Mask:
    """Which coils receive nothing, not even noise, (coils,); none where all are like that.

    Parameters
    ----------
    lines
        (n, coils, samples), some readouts; those far from the centre of k-space tell best.
    """
    level = np.median(np.abs(lines), axis=(0, 2))
    if not level.any():  # more than half of the samples are zeros that were measured
        level = np.abs(lines).max(axis=(0, 2))
    return np.asarray(level < _DEAD * np.median(level[level > 0])) if level.any() else np.zeros(len(level), bool)
