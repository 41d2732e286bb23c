"""Where two images differ by more than both intervals allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects, gaussian_filter, label

from recon.volumes import FloatImage

#: Diameter of the smallest change that is told: by noise alone one pixel in ten lies beyond a 90 % interval.
SMALLEST_MM = 3.0


@dataclass(frozen=True)
class Region:
    """One connected change.

    Attributes
    ----------
    volume_mm3
        Of it.
    mean
        Difference in it, later less earlier, in the images' unit.
    centre
        Slice, row and column.
    """

    volume_mm3: float
    mean: float
    centre: tuple[int, int, int]


@dataclass(frozen=True)
class Changes:
    """All of them.

    Attributes
    ----------
    difference
        (slice, y, x) later less earlier.
    joint
        (slice, y, x) half-width of the interval of the difference.
    beyond
        (slice, y, x) number of the region, 0 where nothing has changed.
    regions
        Largest first.
    """

    difference: FloatImage
    joint: FloatImage
    beyond: npt.NDArray[np.int32]
    regions: list[Region]


def changes(
    before: FloatImage,
    after: FloatImage,
    widths: tuple[FloatImage, FloatImage],
    spacing_mm: tuple[float, float, float],
    unsure_px: float = 0.0,
) -> Changes:
    """Subtract two images on one grid.

    Parameters
    ----------
    before, after
        (slice, y, x) in the same unit.
    widths
        Half-widths of their 90 % intervals; their errors are taken for independent.
    spacing_mm
        Of slices, rows and columns.
    unsure_px
        How far off one image may still lie on the other: at edges the interval of the difference is wider by it.
    """
    difference = after - before
    joint = np.hypot(*widths).astype(np.float32)
    if unsure_px:
        slopes = np.gradient(before, axis=[axis for axis, side in enumerate(before.shape) if side > 1])
        joint += np.float32(unsure_px) * np.sqrt(sum(np.square(slope) for slope in slopes))
    sigmas = [SMALLEST_MM / 4 / step for step in spacing_mm]
    # averaged over a lesion noise shrinks and a change stays; the interval is that of single pixels
    calm = gaussian_filter(difference, sigmas)
    known = np.isfinite(calm) & np.isfinite(joint)
    marked, _ = label(known & (np.abs(calm) > joint))
    voxel = float(np.prod(spacing_mm))
    smallest = np.pi / 6 * SMALLEST_MM**3
    found, kept = [], np.zeros(difference.shape, np.int32)
    for number, box in enumerate(find_objects(marked), start=1):
        inside = marked[box] == number
        volume = float(inside.sum()) * voxel
        if box is None or volume < smallest:
            continue
        places = np.argwhere(inside).mean(axis=0)
        centre = tuple(round(float(place)) + part.start for place, part in zip(places, box, strict=True))
        found.append((Region(volume, float(difference[box][inside].mean()), centre), box, inside))
    found.sort(key=lambda entry: -entry[0].volume_mm3)
    for number, (_, box, inside) in enumerate(found, start=1):
        kept[box][inside] = number
    return Changes(difference, joint, kept, [region for region, _, _ in found])
