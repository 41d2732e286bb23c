"""A round lesion as a scanner would show it: a disc, or a slice of a ball, blurred by the scanner's point spread."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from recon.volumes import FloatImage

#: Finer than pixels by this, so that a disc of three pixels is round.
_FINER = 8


@lru_cache(maxsize=256)
def disc(size_mm: float, spacing_mm: tuple[float, float], blur_mm: float, reach_px: int) -> FloatImage:
    """A disc of height 1, blurred, in the middle of a small picture.

    Parameters
    ----------
    size_mm
        Diameter before the blur.
    spacing_mm
        Distance of rows and of columns.
    blur_mm
        Standard deviation of the point spread, a Gaussian.
    reach_px
        Pixels around the middle one.

    Returns
    -------
    FloatImage
        (2 reach_px + 1, 2 reach_px + 1), not to be written to.
    """
    side = 2 * reach_px + 1
    fine = (np.arange(side * _FINER) + 0.5) / _FINER - side / 2
    row, column = fine[:, None] * spacing_mm[0], fine[None, :] * spacing_mm[1]
    shape = (row**2 + column**2 <= size_mm**2 / 4).astype(np.float64)
    frequency = np.fft.fftfreq(side * _FINER, 1 / _FINER)
    square = (frequency[:, None] / spacing_mm[0]) ** 2 + (frequency[None, :] / spacing_mm[1]) ** 2
    blurred = np.fft.ifft2(np.fft.fft2(shape) * np.exp(-2 * np.pi**2 * blur_mm**2 * square)).real
    found = blurred.reshape(side, _FINER, side, _FINER).mean(axis=(1, 3)).astype(np.float32)
    found.flags.writeable = False
    return found
