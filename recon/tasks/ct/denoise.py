"""What goes into the network and what comes out: HU to a padded plane, steps of noise to an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import Array
from recon.errors import UnusableData
from recon.quality.hu_plausible import PADDING_HU
from recon.values.fixed_point import FixedPoint, numbers
from recon.volumes import FloatImage

STRIDE = 16
#: The network answers in whole steps of this.
STEP_HU = 1 / 16
AIR_HU, DENSEST_HU = -1024.0, 3071.0
#: Values below this are no measurement: scanners fill what lies outside the field of view with them.
#: That the network can answer with.
_MOST_NOISE_HU = 2048


@dataclass(frozen=True)
class DenoisedSlice:
    """What the network made of one slice.

    Attributes
    ----------
    image
        (y, x) float32, HU.
    width
        (y, x) half the width of the 90 % interval around ``image``, HU: fixed point at full strength, where it is
        what the network has said, which may lie in its memory; else float32.
    noise
        (y, x) float32, HU: what full strength removes.
    full_strength
        Whether ``image`` is without all of it.
    """

    image: FloatImage
    width: FloatImage | FixedPoint
    noise: FloatImage
    full_strength: bool = True

    @property
    def uncertainty(self) -> FloatImage:
        """(y, x) float32, HU: the width as numbers."""
        return numbers(self.width)


def fill(hu: Array, index: int, out: Array) -> None:
    """Write the network's input: clipped to CT's range, mirrored at the far edges.

    Parameters
    ----------
    hu
        (y, x) in HU, whole numbers or floating point.
    index
        Number of the slice, for the error message.
    out
        (1, 1, y', x') float32, y' and x' at least y and x.

    Raises
    ------
    UnusableData
        When samples are NaN or infinite.
    """
    low, high = float(hu.min()), float(hu.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(hu.size - np.isfinite(hu).sum())
        raise UnusableData(
            f"slice {index} has {bad} NaN or infinite samples; replace them before denoising", field="data"
        )
    (rows, columns), plane = hu.shape, out[0, 0]
    if low >= AIR_HU and high <= DENSEST_HU:
        np.copyto(plane[:rows, :columns], hu)
    else:
        np.clip(hu.astype(np.float32, copy=False), AIR_HU, DENSEST_HU, out=plane[:rows, :columns])
    below, right = plane.shape[0] - rows, plane.shape[1] - columns
    if right:
        plane[:rows, columns:] = plane[:rows, columns - 2 : columns - 2 - right : -1]
    if below:
        plane[rows:] = plane[rows - 2 : rows - 2 - below : -1]


def denoise(hu: Array, output: Array, *, strength: float, factor: float) -> DenoisedSlice:
    """Subtract the noise and scale the interval.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU, whole numbers or floating point.
    output
        (2, y', x') int16 of the network: noise, and half the width of the interval, in :data:`STEP_HU`.
    strength
        Share of the noise to remove. The interval grows by what was left in.
    factor
        Conformal factor of the model.
    """
    rows, columns = hu.shape
    # a step is a power of two: in single precision every product here is exact
    noise = np.multiply(output[0, :rows, :columns], np.float32(STEP_HU), dtype=np.float32)
    steps = output[1, :rows, :columns]
    padding = hu < PADDING_HU if hu.min() < PADDING_HU else None
    if padding is not None:
        noise[padding] = 0
        steps = np.where(padding, np.int16(0), steps)
    if strength == 1.0 and steps.min() >= 0:
        image = np.subtract(hu, noise, dtype=np.float32)
        return DenoisedSlice(image, FixedPoint(steps.view(np.uint16), STEP_HU * factor), noise)
    image = np.subtract(hu, noise * np.float32(strength), dtype=np.float32)
    width = np.multiply(steps, np.float32(STEP_HU * factor), dtype=np.float32)
    width += np.float32(1.0 - strength) * np.abs(noise)
    return DenoisedSlice(image, width, noise, strength == 1.0)


def rounded(hu: Array, image: FloatImage) -> Array:
    """The image as whole HU (int16) where the input was and all surely fit, else as it is.

    Parameters
    ----------
    hu
        The input slice.
    image
        What was made of it.
    """
    room = np.iinfo(np.int16).max - _MOST_NOISE_HU
    if hu.dtype != np.int16 or max(int(hu.max()), -int(hu.min())) > room:
        return image
    return np.rint(image).astype(np.int16)
