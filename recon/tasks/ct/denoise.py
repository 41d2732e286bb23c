"""What goes into the network and what comes out: HU to a padded plane, steps of noise to an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import Array
from recon.errors import UnusableData
from recon.volumes import FloatImage

STRIDE = 16
#: The network answers in whole steps of this.
STEP_HU = 1 / 16
AIR_HU, DENSEST_HU = -1024.0, 3071.0
#: Values below this are no measurement: scanners fill what lies outside the field of view with them.
PADDING_HU = -1500.0


@dataclass(frozen=True)
class DenoisedSlice:
    """What the network made of one slice.

    Attributes
    ----------
    image
        (y, x) float32, HU.
    uncertainty
        (y, x) float32, HU: half the width of the 90 % interval around ``image``.
    noise
        (y, x) float32, HU: what full strength removes.
    """

    image: FloatImage
    uncertainty: FloatImage
    noise: FloatImage


def fill(hu: FloatImage, index: int, out: Array) -> None:
    """Write the network's input: clipped to CT's range, mirrored at the far edges.

    Parameters
    ----------
    hu
        (y, x) in HU.
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
    np.clip(hu, AIR_HU, DENSEST_HU, out=plane[:rows, :columns])
    below, right = plane.shape[0] - rows, plane.shape[1] - columns
    if right:
        plane[:rows, columns:] = plane[:rows, columns - 2 : columns - 2 - right : -1]
    if below:
        plane[rows:] = plane[rows - 2 : rows - 2 - below : -1]


def denoise(hu: FloatImage, output: Array, *, strength: float, factor: float) -> DenoisedSlice:
    """Subtract the noise and scale the interval.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    output
        (2, y', x') int16 of the network: noise, and half the width of the interval, in :data:`STEP_HU`.
    strength
        Share of the noise to remove. The interval grows by what was left in.
    factor
        Conformal factor of the model.
    """
    rows, columns = hu.shape
    # a step is a power of two: in single precision every product here is exact
    noise = np.multiply(output[0, :rows, :columns], STEP_HU, dtype=np.float32)
    padding = hu < PADDING_HU
    any_padding = bool(padding.any())
    if any_padding:
        noise[padding] = 0
    image = hu - noise * np.float32(strength) if strength < 1.0 else hu - noise
    uncertainty = np.multiply(output[1, :rows, :columns], STEP_HU * factor, dtype=np.float32)
    if strength < 1.0:
        uncertainty += np.float32(1.0 - strength) * np.abs(noise)
    if any_padding:
        uncertainty[padding] = 0
    return DenoisedSlice(image, uncertainty, noise)
