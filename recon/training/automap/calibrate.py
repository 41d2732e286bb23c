"""The conformal factor of the magnitude's interval, from anatomy that the network was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recon.arrays import ComplexArray, FloatArray
from recon.quality.conformal import TooFewSamples, conformal_factor, measured_coverage
from recon.quality.interval import COVERAGE

#: Pixels below this share of the image's maximum are background, whose error says little.
FOREGROUND = 0.05


@dataclass(frozen=True)
class PixelErrors:
    """Absolute errors of the magnitude and predicted half-widths at foreground pixels, in one unit each image."""

    error: FloatArray
    half_width: FloatArray


def errors(outputs: FloatArray, truth: ComplexArray) -> PixelErrors:
    """Collect the foreground pixels of images.

    Parameters
    ----------
    outputs
        (count, 4, y, x): real and imaginary part, interval below and above.
    truth
        (count, y, x) complex64, same unit.
    """
    magnitude = np.abs(truth)
    inside = magnitude > FOREGROUND * magnitude.max((1, 2), keepdims=True)
    error = np.abs(np.hypot(outputs[:, 0], outputs[:, 1]) - magnitude)
    return PixelErrors(error[inside], ((outputs[:, 2] + outputs[:, 3]) / 2)[inside])


def calibrate(
    reconstruct: Callable[[float], tuple[FloatArray, ComplexArray]], levels: tuple[float, ...]
) -> tuple[float, dict[str, float]]:
    """Factor from every other image, coverage on the others.

    The factor is the largest of those at each level, so that no noise level is covered less than it says.

    Parameters
    ----------
    reconstruct
        Outputs and truth (see :func:`errors`) of held-out images at a signal-to-noise ratio in dB.
    levels
        In dB.

    Returns
    -------
    tuple
        The factor, and the coverage at each level on images that it was not taken from.

    Raises
    ------
    TooFewSamples
        With fewer than two images.
    """
    pairs = {level: reconstruct(level) for level in levels}
    fewest = min(len(truth) for _, truth in pairs.values())
    if fewest < 2:
        raise TooFewSamples(
            f"the interval is calibrated on one half of the images, tried on the other; not on {fewest}"
        )
    ours = [errors(out[::2], truth[::2]) for out, truth in pairs.values()]
    factor = max(conformal_factor(e.error, e.half_width, COVERAGE) for e in ours)
    covered = {}
    for level, (out, truth) in pairs.items():
        other = errors(out[1::2], truth[1::2])
        covered[f"{level:g} dB"] = measured_coverage(other.error, other.half_width * np.float32(factor))
    return factor, covered
