"""What the contrast network sees: mean and difference of two aligned scans, smoothed in three dimensions.

The noise of the mean and of the difference of two scans of equal noise is independent; the noise of
the pre scan and of the difference is not, and a regression on the pre scan would learn that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.volumes import FloatImage

#: Slices on either side of the one to enhance.
REACH = 2
#: Gaussian smoothing of the difference, in pixels of the plane.
SIGMAS = (1.0, 1.5, 2.0, 3.0)
#: Channels of the network's input: mean and scaled difference of each slice, smoothed, regression.
CHANNELS = 2 * (2 * REACH + 1) + len(SIGMAS) + 1
#: Rows and columns of the network's input are multiples of this.
STRIDE = 8
_TRUNCATE = 3.0
_RIDGE = 1e-4
_DIFFERENCE_RANGE = (-3.0, 6.0)
_PARTS = 17


@dataclass(frozen=True)
class SlabGrid:
    """Placement of a slab in its volume, for the slow bias.

    Attributes
    ----------
    shape
        (slices, rows, columns) of the whole volume.
    start
        First slice of the slab.
    aspect
        Distance of slices over distance of pixels.
    """

    shape: tuple[int, int, int]
    start: int = 0
    aspect: float = 1.0


def intensity_scale(image: FloatImage) -> float:
    """The 99th percentile of the foreground, which becomes 1; 0 for an empty image."""
    sample = image[:: max(1, image.shape[0] // 64), ::2, ::2]
    positive = sample[sample > 0]
    if positive.size < 100:
        return 0.0
    foreground = positive[positive > 0.1 * np.percentile(positive, 99.0)]
    return float(np.percentile(foreground, 99.0))


def smooth(volume: FloatImage, sigma: float, aspect: float) -> FloatImage:
    """Gaussian smoothing, sigma in pixels of the plane and as far along the slices."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(volume, (sigma / aspect, sigma, sigma), truncate=_TRUNCATE, mode="nearest")


def halo(aspect: float) -> int:
    """Slices around a slab that its features depend on."""
    return int(np.ceil(_TRUNCATE * 4.0 / aspect)) + REACH


def smoothed_differences(difference: FloatImage, aspect: float) -> list[FloatImage]:
    """The difference smoothed with each of :data:`SIGMAS`, one from the other."""
    found: list[FloatImage] = []
    before, current = 0.0, difference
    for sigma in SIGMAS:
        current = smooth(current, float(np.sqrt(sigma**2 - before**2)), aspect)
        before = sigma
        found.append(current)
    return found


def regressors(mean: FloatImage, grid: SlabGrid) -> tuple[list[FloatImage], FloatImage]:
    """Functions of a voxel's neighbourhood and place, and the weight of the foreground (0 to 1).

    Parameters
    ----------
    mean
        (slice, y, x) of the two scans, 99th percentile 1.
    grid
        Where it lies.
    """
    near = smooth(mean, 1.0, grid.aspect)
    far = smooth(near, 3.0, grid.aspect)
    weight = np.clip((near - np.float32(0.06)) * np.float32(10.0), 0, 1)
    ones = np.ones_like(mean)
    parts = [ones, mean, mean * mean, near, near * near, near**3, far, far * far, near * far]
    slices, rows, columns = grid.shape
    z = _axis(slices)[grid.start : grid.start + len(mean), None, None]
    y, x = _axis(rows)[None, :, None], _axis(columns)[None, None, :]
    parts += [near * place for place in (z, y, x, z * z, y * y, x * x, x * y, y * z)]
    assert len(parts) == _PARTS
    return parts, weight


def _axis(length: int) -> FloatImage:
    return np.linspace(-1, 1, length, dtype=np.float32)


class Regression:
    """Least squares of the scaled difference on the mean scan's neighbourhood and a slow bias.

    What anatomy alone explains of the difference is learned from millions of voxels and so nearly free
    of noise. Slabs are added one by one, so memory stays bounded.
    """

    def __init__(self) -> None:
        self._normal = np.zeros((_PARTS, _PARTS))
        self._right = np.zeros(_PARTS)
        self._count = 0.0

    def add(self, mean: FloatImage, difference: FloatImage, grid: SlabGrid) -> None:
        """Add a slab's voxels (every second row and column)."""
        parts, weight = regressors(mean, grid)
        inside = (slice(None), slice(None, None, 2), slice(None, None, 2))
        w = weight[inside].ravel()
        keep = w > 0.5
        table = np.stack([part[inside].ravel()[keep] for part in parts])
        target = np.clip(difference[inside].ravel()[keep], *_DIFFERENCE_RANGE)
        self._normal += (table @ table.T).astype(np.float64)
        self._right += (table @ target).astype(np.float64)
        self._count += float(keep.sum())

    def solve(self) -> npt.NDArray[np.float32]:
        """Coefficients of :func:`regressors`; zeros when there was too little to learn from."""
        if self._count < 1000:
            return np.zeros(_PARTS, np.float32)
        ridge = _RIDGE * self._count * np.eye(_PARTS)
        return np.linalg.solve(self._normal + ridge, self._right).astype(np.float32)


def predict(mean: FloatImage, grid: SlabGrid, coefficients: npt.NDArray[np.float32]) -> FloatImage:
    """What anatomy alone explains of the scaled difference, 0 outside the head."""
    parts, weight = regressors(mean, grid)
    total = np.zeros_like(mean)
    for part, coefficient in zip(parts, coefficients, strict=True):
        total += coefficient * part
    return np.clip(total, -1.0, 2.0) * weight


@dataclass(frozen=True)
class SlabFeatures:
    """Everything that the slices of a slab need; all (slice, y, x) float32, 99th percentile of the pre scan 1."""

    mean: FloatImage
    difference: FloatImage
    smoothed: list[FloatImage]
    regression: FloatImage


def slab_features(
    mean: FloatImage, difference: FloatImage, grid: SlabGrid, coefficients: npt.NDArray[np.float32]
) -> SlabFeatures:
    """Features of a slab of the mean and of the difference divided by the dose fraction."""
    return SlabFeatures(
        mean,
        np.clip(difference, *_DIFFERENCE_RANGE),
        smoothed_differences(difference, grid.aspect),
        predict(mean, grid, coefficients),
    )


def fill(features: SlabFeatures, index: int, out: FloatImage) -> None:
    """The network's input of one slice.

    Parameters
    ----------
    features
        Of a slab.
    index
        Of the slice in the slab; slices beyond its ends repeat the last one.
    out
        (CHANNELS, y', x') with y' >= y, x' >= x; the rest repeats the edge.
    """
    depth, rows, columns = features.mean.shape
    near = [min(max(index + offset, 0), depth - 1) for offset in range(-REACH, REACH + 1)]
    planes = [features.mean[i] for i in near] + [features.difference[i] for i in near]
    planes += [volume[index] for volume in features.smoothed] + [features.regression[index]]
    for channel, plane in zip(out, planes, strict=True):
        channel[:rows, :columns] = plane
    out[:, :rows, columns:] = out[:, :rows, columns - 1 : columns]
    out[:, rows:] = out[:, rows - 1 : rows]


def conditions(noise: float, dose_fraction: float) -> npt.NDArray[np.float32]:
    """The network's conditions: how noisy the scaled difference is, and the dose fraction.

    Parameters
    ----------
    noise
        Standard deviation of the noise of the difference before scaling, 99th percentile of the pre scan 1.
    dose_fraction
        Of the low-dose scan, 0 to 1.
    """
    scaled = max(noise, 1e-4) / dose_fraction
    return np.array([np.log(scaled / 0.2), np.log(dose_fraction / 0.1)], np.float32)
