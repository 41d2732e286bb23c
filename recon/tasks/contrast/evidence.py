"""What the difference of two aligned scans shows of the agent, and how much of a prediction it supports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.tasks.contrast.gain import shrink
from recon.volumes import FloatImage


@dataclass(frozen=True)
class Evidence:
    """What the difference of two aligned scans shows, beyond noise.

    Attributes
    ----------
    brighter, darker
        Share of the head that became brighter, and darker, by more than noise explains.
    largest
        99.9th percentile of the smoothed difference over the dose fraction, 99th percentile of the pre scan 1.
    typical
        Median of the low-dose scan in the head over its 99th percentile there.
    """

    brighter: float
    darker: float
    largest: float
    typical: float


def evidence(
    pre: FloatImage, low: FloatImage, *, scale: float, noise: float, dose_fraction: float, steps: tuple[int, int, int]
) -> Evidence:
    """Look for what the agent did.

    Parameters
    ----------
    pre, low
        (slice, y, x), aligned.
    scale
        99th percentile of the pre scan.
    noise
        Standard deviation of the noise of the difference, relative to ``scale``.
    dose_fraction
        Of the low-dose scan.
    steps
        Voxels to average along each axis.
    """
    from scipy.ndimage import binary_erosion, gaussian_filter

    before, after = shrink(pre, steps) / np.float32(scale), shrink(low, steps) / np.float32(scale)
    head = gaussian_filter(before, 0.7) > 0.2
    if not head.any():
        return Evidence(0.0, 0.0, 0.0, 0.0)
    change = gaussian_filter(after - before, 0.7)[head]
    limit = max(5.0 * noise / np.sqrt(np.prod(steps) * (4 * np.pi * 0.49) ** 1.5), 0.006)
    inner = binary_erosion(head, iterations=3)
    inner = inner if inner.any() else head
    bright = max(float(np.percentile(after[inner], 99)), 1e-9)
    return Evidence(
        brighter=float((change > limit).mean()),
        darker=float((change < -2 * limit).mean()),
        largest=float(np.percentile(change, 99.9)) / dose_fraction,
        typical=float(np.median(after[inner])) / bright,
    )


def unsupported(enhancement: FloatImage, difference: FloatImage, noise: float) -> FloatImage:
    """Predicted enhancement (y, x) beyond what the low-dose difference and its noise support; 0 elsewhere.

    Parameters
    ----------
    enhancement
        Predicted, 99th percentile of the pre scan 1.
    difference
        Of the scans, over the dose fraction.
    noise
        Standard deviation of the noise of ``difference``.
    """
    from scipy.ndimage import gaussian_filter

    sigma = 2.0
    excess = gaussian_filter(enhancement - difference, sigma, truncate=3.0)
    margin = 5.0 * noise / (2 * np.sqrt(np.pi) * sigma) + 0.1
    return np.maximum(excess - np.float32(margin), 0)
