"""Task transfer function: how sharp an edge of a given contrast stays (AAPM TG-233, 2019).

The image of a disc, less the image without it, is free of noise. Its profile over the radius is the edge spread;
the Fourier transform of the derivative is the transfer function at that contrast, which a non-linear method lowers for
faint edges long before strong ones.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from recon.arrays import FloatArray

_STEP_PX = 0.25
_REACH_PX = 7.0


def edge_spread(responses: FloatArray, centres: FloatArray, radius_px: float) -> FloatArray:
    """Mean response at distances of -7 to 7 pixels from the edge, in steps of a quarter.

    Around a centre on the grid many pixels lie equally far, and none between. Each step's mean therefore stands at
    the mean distance of its own pixels, and steps are read off a monotone cubic through those means.

    Parameters
    ----------
    responses
        (n, y, x) image with a disc less image without, over the contrast.
    centres
        (n, 2) of the discs, row and column, pixels.
    radius_px
        Of the discs.

    Raises
    ------
    ValueError
        When the pictures show nothing of the edge.
    """
    rows, columns = np.mgrid[: responses.shape[1], : responses.shape[2]]
    distance = np.concatenate([np.hypot(rows - y, columns - x).ravel() - radius_px for y, x in centres])
    bins = np.rint((distance + _REACH_PX) / _STEP_PX).astype(int)
    steps = np.arange(round(2 * _REACH_PX / _STEP_PX) + 1)
    inside = (bins >= 0) & (bins < steps.size)
    bins, distance = bins[inside], distance[inside]
    pixels = np.bincount(bins, minlength=steps.size)
    filled = pixels > 0
    if np.count_nonzero(filled) < 2:
        raise ValueError(
            f"pictures of {responses.shape[1:]} pixels have no edge of a disc of radius {radius_px:g}; give larger ones"
        )
    value = np.bincount(bins, responses.reshape(-1)[inside], steps.size)[filled] / pixels[filled]
    where = np.bincount(bins, distance, steps.size)[filled] / pixels[filled]
    wanted = np.clip(steps * _STEP_PX - _REACH_PX, where[0], where[-1])
    return np.asarray(PchipInterpolator(where, value)(wanted))


def ttf50(profile: FloatArray) -> float:
    """Cycles per pixel at which the transfer function of an edge spread has fallen to half.

    NaN where it does not fall so far below the pixels' own limit.
    """
    line = np.gradient(profile)  # free of noise, so that no window has to narrow it
    frequency = np.fft.rfftfreq(4096, _STEP_PX)
    frequency = frequency[frequency <= 1.0]
    transfer = np.abs(np.fft.rfft(line, 4096))[: frequency.size]
    transfer /= transfer[0] * np.sinc(2 * _STEP_PX * frequency)  # what a difference over two steps takes itself
    below = int(np.argmax(transfer < 0.5))
    if below == 0:
        return float("nan")
    left, right = transfer[below - 1], transfer[below]
    part = (left - 0.5) / (left - right)
    return float(frequency[below - 1] + part * (frequency[below] - frequency[below - 1]))
