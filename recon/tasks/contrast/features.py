"""What the contrast network sees: mean and difference of two aligned scans, smoothed in three dimensions.

The noise of the mean and of the difference of two scans of equal noise is independent; the noise of
the pre scan and of the difference is not, and a regression on the pre scan would learn that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.smoothing import TRUNCATE, smooth_slices
from recon.volumes import FloatImage

#: Slices on either side of the one to enhance.
REACH = 2
#: Gaussian smoothing of the difference, in pixels of the plane.
SIGMAS = (1.0, 1.5, 2.0, 3.0)
#: Channels of the network's input: mean and scaled difference of each slice, smoothed, regression.
CHANNELS = 2 * (2 * REACH + 1) + len(SIGMAS) + 1
#: Rows and columns of the network's input are multiples of this.
STRIDE = 8
_RIDGE = 1e-4
_DIFFERENCE_RANGE = (-3.0, 6.0)
_PARTS = 17
#: Samples above 0 that a scan must have.
FEWEST_VOXELS = 100


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
    positive = foreground(image)
    if positive.size < FEWEST_VOXELS:
        return 0.0
    return float(np.percentile(positive[positive > 0.1 * np.percentile(positive, 99.0)], 99.0))


def foreground(image: FloatImage) -> FloatImage:
    """Samples above 0 of a scan (slice, y, x): every second row and column of 64 slices or more."""
    sample = image[:: max(1, image.shape[0] // 64), ::2, ::2]
    return sample[sample > 0]


def halo(aspect: float) -> int:
    """Slices around a slab that its features depend on."""
    return int(np.ceil(TRUNCATE * 4.0 / aspect)) + REACH


def smoothed_differences(difference: FloatImage, aspect: float, wanted: slice = slice(None)) -> list[FloatImage]:
    """Some slices of the difference, smoothed with each of :data:`SIGMAS`, as if one was made from the other."""
    before = (0.0, *SIGMAS[:-1])
    steps = tuple(float(np.sqrt(sigma**2 - last**2)) for sigma, last in zip(SIGMAS, before, strict=True))
    return [smooth_slices(difference, steps[: count + 1], aspect, wanted) for count in range(len(steps))]


@dataclass(frozen=True)
class Neighbourhood:
    """Voxels of the mean of two scans, what is around them, and where they are; all (slice, y, x) float32.

    Attributes
    ----------
    mean, near, far
        As it is, smoothed a little, and smoothed more; 99th percentile 1.
    weight
        Of the foreground, 0 to 1.
    z, y, x
        Place in the volume, -1 to 1; sides of 1 where it does not change.
    """

    mean: FloatImage
    near: FloatImage
    far: FloatImage
    weight: FloatImage
    z: FloatImage
    y: FloatImage
    x: FloatImage

    @classmethod
    def of(cls, mean: FloatImage, grid: SlabGrid, wanted: slice, every: int = 1) -> Neighbourhood:
        """Of some slices of a slab, and every so many of their rows and columns."""
        near = smooth_slices(mean, (1.0,), grid.aspect, wanted, every)
        far = smooth_slices(mean, (1.0, 3.0), grid.aspect, wanted, every)
        weight = np.clip((near - np.float32(0.06)) * np.float32(10.0), 0, 1)
        slices, rows, columns = grid.shape
        return cls(
            np.ascontiguousarray(mean[wanted, ::every, ::every]),
            near,
            far,
            weight,
            _axis(slices)[grid.start : grid.start + len(mean)][wanted, None, None],
            _axis(rows)[None, ::every, None],
            _axis(columns)[None, None, ::every],
        )

    def parts(self) -> list[FloatImage]:
        """The functions that the regression fits."""
        mean, near, far = self.mean, self.near, self.far
        z, y, x = self.z, self.y, self.x
        parts = [np.ones_like(mean), mean, mean * mean, near, near * near, near**3, far, far * far, near * far]
        return parts + [near * place for place in (z, y, x, z * z, y * y, x * x, x * y, y * z)]

    def combined(self, coefficients: npt.NDArray[np.float32]) -> FloatImage:
        """Sum of the parts, each with its coefficient, in few passes."""
        c, z, y, x = coefficients, self.z, self.y, self.x
        in_plane = c[10] * y + c[13] * y * y + c[11] * x + c[14] * x * x + c[15] * x * y  # (1, y, x)
        across = c[3] + c[9] * z + c[12] * z * z + c[16] * y * z  # (slice, y, 1)
        total = c[5] * self.near
        total += c[4]
        total *= self.near
        total += in_plane
        total += across
        total += c[8] * self.far
        total *= self.near
        for values, linear, square in ((self.far, c[6], c[7]), (self.mean, c[1], c[2])):
            part = square * values
            part += linear
            part *= values
            total += part
        total += c[0]
        return total


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

    def add(self, mean: FloatImage, difference: FloatImage, grid: SlabGrid, wanted: slice = slice(None)) -> None:
        """Add voxels of some slices of a slab (every second row and column)."""
        around = Neighbourhood.of(mean, grid, wanted, every=2)
        keep = around.weight.ravel() > 0.5
        table = np.stack([part.ravel()[keep] for part in around.parts()])
        target = np.clip(difference[wanted, ::2, ::2].ravel()[keep], *_DIFFERENCE_RANGE)
        self._normal += (table @ table.T).astype(np.float64)
        self._right += (table @ target).astype(np.float64)
        self._count += float(keep.sum())

    def solve(self) -> npt.NDArray[np.float32]:
        """Coefficients of :meth:`Neighbourhood.parts`; zeros when there was too little to learn from."""
        if self._count < 1000:
            return np.zeros(_PARTS, np.float32)
        ridge = _RIDGE * self._count * np.eye(_PARTS)
        return np.linalg.solve(self._normal + ridge, self._right).astype(np.float32)


def predict(
    mean: FloatImage, grid: SlabGrid, coefficients: npt.NDArray[np.float32], wanted: slice = slice(None)
) -> FloatImage:
    """What anatomy alone explains of the scaled difference in some slices, 0 outside the head."""
    around = Neighbourhood.of(mean, grid, wanted)
    found = around.combined(coefficients)
    np.clip(found, -1.0, 2.0, out=found)
    found *= around.weight
    return found


@dataclass(frozen=True)
class SlabFeatures:
    """Everything that the slices of a slab need; all (slice, y, x) float32, 99th percentile of the pre scan 1.

    Attributes
    ----------
    mean, difference
        Of the slices and :data:`REACH` more to either side, where there are such.
    smoothed, regression
        Of the slices.
    first
        Where in ``mean`` the first of the slices is.
    """

    mean: FloatImage
    difference: FloatImage
    smoothed: list[FloatImage]
    regression: FloatImage
    first: int = 0


def slab_features(
    mean: FloatImage,
    difference: FloatImage,
    grid: SlabGrid,
    coefficients: npt.NDArray[np.float32],
    wanted: slice = slice(None),
) -> SlabFeatures:
    """Features of some slices of a slab of the mean and of the difference divided by the dose fraction.

    Parameters
    ----------
    mean, difference
        (slice, y, x) of the wanted slices and :func:`halo` more to either side, where there are such.
    grid
        Where they lie.
    coefficients
        Of :class:`Regression`.
    wanted
        Slices of the slab.
    """
    start, stop, _ = wanted.indices(len(mean))
    near = slice(max(0, start - REACH), stop + REACH)
    return SlabFeatures(
        mean[near],
        np.clip(difference[near], *_DIFFERENCE_RANGE),
        smoothed_differences(difference, grid.aspect, wanted),
        predict(mean, grid, coefficients, wanted),
        start - near.start,
    )


def fill(features: SlabFeatures, index: int, out: FloatImage) -> None:
    """The network's input of one slice.

    Parameters
    ----------
    features
        Of a slab.
    index
        Of the slice in ``features.mean``; slices beyond its ends repeat the last one.
    out
        (CHANNELS, y', x') with y' >= y, x' >= x; the rest repeats the edge.
    """
    depth, rows, columns = features.mean.shape
    near = [min(max(index + offset, 0), depth - 1) for offset in range(-REACH, REACH + 1)]
    planes = [features.mean[i] for i in near] + [features.difference[i] for i in near]
    own = index - features.first
    planes += [volume[own] for volume in features.smoothed] + [features.regression[own]]
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
