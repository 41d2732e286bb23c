"""Whether an image shows what a network has learned: its outline, layers and inside, against images of both kinds.

Headers are empty or lie about the body part; the image does not. What is measured does not change when the object
is moved, turned or scaled, nor with the scanner's unit: the outline (how convex, how elliptic, how its radius goes
round), brightness by depth (scalp, skull and brain lie like shells), and how uneven the inside is round the middle.

Two questions follow. Is it more like what the network has learned than like what it has not? That is a logistic
regression on the standardised measures and their squares. And is it like either? That is the Mahalanobis distance of
the outline from what was learned (Mahalanobis, Proc. Natl. Inst. Sci. India 2:49, 1936), shrunk towards no correlation.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recon.arrays import DoubleArray, FloatArray, Mask

#: Longer side of the image that is looked at, pixels.
_SIDE = 64
#: Of the brightest pixels, above which there is an object.
_OBJECT = 0.12
_FEWEST = 60
_DEPTHS = (0.0, 0.1, 0.2, 0.35, 0.5, 2.0)
_ANGLES, _RADII = 32, 20
#: Of the radii: where shells are looked at one by one.
_SHELLS = (1, 5, 9, 12, 14, 15, 16, 17, 18, 19)
#: The first so many measures are of the outline and of evenness, and make the distance.
OUTLINE = 9
_FARTHEST = 4.0


@dataclass(frozen=True)
class Shown:
    """What an image shows.

    Attributes
    ----------
    measures
        (51,) see :func:`shown_in`.
    diameter
        Of a circle as large as the object, in the unit of the spacing.
    """

    measures: DoubleArray
    diameter: float


@dataclass(frozen=True)
class Learned:
    """What tells images that a network has learned from others.

    Attributes
    ----------
    what
        In words, such as ``"head"``.
    centre, scale
        (51,) of the measures of learned images.
    weights, offset
        (102,) of the standardised measures, then of their squares; positive sums speak for what was learned.
    least
        Below that sum an image is taken for something else.
    precision
        (9, 9) inverse covariance of the standardised outline.
    farthest
        Distance from the centre beyond which an image is like nothing that was learned.
    largest_mm
        Diameter that no learned object exceeds.
    """

    what: str
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    offset: float
    least: float
    precision: tuple[tuple[float, ...], ...]
    farthest: float
    largest_mm: float

    def unlike(self, measures: DoubleArray) -> float:
        """How unlike what was learned: above 1 it is something else, or nothing known."""
        standard = (measures - self._array[0]) / self._array[1]
        bounded = np.clip(standard, -_FARTHEST, _FARTHEST)
        score = float(self._array[2] @ np.concatenate([bounded, np.square(bounded)])) + self.offset
        return max(1.0 + self.least - score, distance(standard, np.array(self.precision)) / self.farthest)

    @cached_property
    def _array(self) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
        return np.array(self.centre), np.array(self.scale), np.array(self.weights)

    def dump(self) -> str:
        """As one line of JSON, for a model's configuration."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Learned:
        """From what :meth:`dump` wrote.

        Raises
        ------
        ValueError
            When it is nothing of the kind.
        """
        try:
            found = cls(**json.loads(text))
            count = len(found.centre)
            shapes = len(found.scale), len(found.weights), np.array(found.precision).shape
        except (TypeError, AttributeError) as error:
            raise ValueError(f"no description of what a network has learned: {error!r}") from error
        if shapes != (count, 2 * count, (OUTLINE, OUTLINE)):
            raise ValueError(f"a description of what a network has learned with {count} measures and shapes {shapes}")
        return found


def distance(standard: DoubleArray, precision: DoubleArray) -> float:
    """Mahalanobis distance of the outline of standardised measures."""
    outline = standard[:OUTLINE]
    return float(np.sqrt(outline @ precision @ outline))


def shown_in(image: FloatArray, spacing: tuple[float, float] = (1.0, 1.0)) -> Shown | None:
    """Measure the largest object of an image; None where there is none.

    Parameters
    ----------
    image
        (y, x) magnitude.
    spacing
        Distance of rows and of columns.

    Returns
    -------
    Shown or None
        Measures are: convexity, logarithm of the longer over the shorter axis, share of the ellipse of the same
        moments, share of the image's border that the object reaches, of the image that it fills, of all objects that
        is not the largest; dark share, texture and contrast of its inside; mean and spread of brightness in five
        layers by depth; eight harmonics of the radius; of the rim, how often and how much it has a dark shell;
        brightness of ten shells; harmonics round the middle in three rings.
    """
    from scipy import ndimage

    small, pixel = _shrunk(image, spacing)
    top = float(np.percentile(small, 98))
    if not top > 0:
        return None
    small /= np.float32(top)
    object_, others = _largest(small > _OBJECT)
    area = int(object_.sum())
    if area < _FEWEST:
        return None
    places = np.stack(np.nonzero(object_))
    middle, radius = places.mean(1), np.sqrt(area / np.pi)
    depth = ndimage.distance_transform_edt(np.pad(object_, 1))[1:-1, 1:-1] / radius
    polar, radii = _polar(small, object_, (float(middle[0]), float(middle[1])), float(radius))
    measures = np.concatenate(
        [
            _outline(object_, places, others),
            _inside(small, object_ & (depth > 0.2)),
            _layers(small, object_, depth),
            np.abs(np.fft.rfft(radii / radii.mean()))[1:9] / _ANGLES,
            _rim(polar),
            _rings(polar),
        ]
    )
    return Shown(measures, 2.0 * float(radius) * pixel)


def _shrunk(image: FloatArray, spacing: tuple[float, float]) -> tuple[FloatArray, float]:
    """The image with square pixels, 64 along its longer side, and the size of one."""
    extent = image.shape[0] * spacing[0], image.shape[1] * spacing[1]
    pixel = max(*extent, 1e-9) / _SIDE
    small = np.asarray(image, np.float32)
    for axis in (0, 1):
        count, held = max(1, min(_SIDE, round(extent[axis] / pixel))), small.shape[axis]
        starts = np.arange(count) * held // count
        if count > held:  # fewer than wanted: some come twice, or the object would look smaller than it is
            small = np.take(small, starts, axis)
            continue
        sizes = np.diff(np.append(starts, held)).astype(np.float32)
        sums = np.add.reduceat(small, starts, axis=axis)
        small = sums / (sizes[:, None] if axis == 0 else sizes)
    return small, pixel


def _largest(bright: Mask) -> tuple[Mask, float]:
    """The largest object without holes, and the share of all bright pixels that lies elsewhere."""
    from scipy import ndimage

    whole = ndimage.binary_fill_holes(bright)  # a scalp that closes round a dark skull holds the brain
    labels, _ = ndimage.label(ndimage.binary_opening(np.pad(whole, 1))[1:-1, 1:-1])
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    object_ = labels == counts.argmax() if counts.any() else np.zeros_like(bright)
    elsewhere = (labels > 0) & ~object_
    return object_, float(elsewhere.sum()) / max(1, int(elsewhere.sum() + object_.sum()))


def _outline(object_: Mask, places: npt.NDArray[np.int64], others: float) -> DoubleArray:
    from scipy.spatial import ConvexHull

    area = places.shape[1]
    corners = np.concatenate(
        [places.T + np.array(corner) for corner in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5))]
    )
    short, long = np.linalg.eigvalsh(np.cov(places))
    border = np.concatenate([object_[0], object_[-1], object_[:, 0], object_[:, -1]]).mean()
    ellipse = 4 * np.pi * np.sqrt(max(short * long, 1e-9))
    aspect = 0.5 * np.log(long / max(short, 1e-6))
    return np.array([area / ConvexHull(corners).volume, aspect, area / ellipse, border, object_.mean(), others])


def _inside(small: FloatArray, inside: Mask) -> DoubleArray:
    from scipy import ndimage

    if not inside.any():
        return np.zeros(3)
    smooth = ndimage.gaussian_filter(small, 1.5)
    mean = max(float(small[inside].mean()), 1e-6)
    dark = (small[inside] < 0.25 * np.median(small[inside])).mean()
    return np.array([dark, (small - smooth)[inside].std() / mean, smooth[inside].std() / mean])


def _layers(small: FloatArray, object_: Mask, depth: DoubleArray) -> DoubleArray:
    mean = max(float(small[object_].mean()), 1e-6)
    means, spreads = [], []
    for low, high in zip(_DEPTHS[:-1], _DEPTHS[1:], strict=True):
        layer = small[object_ & (depth > low) & (depth <= high)]
        means.append(layer.mean() / mean if layer.size else 1.0)
        spreads.append(layer.std() / mean if layer.size else 0.0)
    return np.array(means + spreads)


def _polar(
    small: FloatArray, object_: Mask, middle: tuple[float, float], radius: float
) -> tuple[DoubleArray, DoubleArray]:
    """Brightness (radii, angles) from the middle to the outline, and how far that is at each angle."""
    from scipy import ndimage

    angles = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    directions = np.stack([np.sin(angles), np.cos(angles)])[:, None]
    start = np.array(middle)[:, None, None]
    steps = np.linspace(0, 2.2 * radius, 80)
    inside = ndimage.map_coordinates(object_.astype(np.float32), start + steps[:, None] * directions, order=1) > 0.5
    last = np.where(inside.any(0), len(steps) - 1 - inside[::-1].argmax(0), 1)
    radii = np.maximum(steps[last], 1.0)
    share = (np.arange(_RADII)[:, None] + 0.5) / _RADII
    return ndimage.map_coordinates(small, start + share * radii * directions, order=1).astype(np.float64), radii


def _rim(polar: DoubleArray) -> DoubleArray:
    mean = max(float(polar[:14].mean()), 1e-6)
    dip = (np.minimum(polar[17:].max(0), np.median(polar[10:15], 0)) - polar[15:].min(0)) / mean
    return np.concatenate([[(dip > 0.1).mean(), dip.mean(), dip.std()], polar.mean(1)[list(_SHELLS)] / mean])


def _rings(polar: DoubleArray) -> DoubleArray:
    mean = max(float(polar[:14].mean()), 1e-6)
    harmonics = np.abs(np.fft.rfft(polar / mean, axis=1)) / _ANGLES
    core, half, outer = harmonics[2:8].mean(0), harmonics[8:15].mean(0), harmonics[15:].mean(0)
    return np.concatenate([core[1:5], half[1:5], outer[1:4]])
