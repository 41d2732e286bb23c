"""What the difference of two aligned scans shows of the agent, and how much of a prediction it supports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.physics.gaussian import gaussian
from recon.tasks.contrast.coarse import eroded
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


def evidence(before: FloatImage, after: FloatImage, *, noise: float, dose_fraction: float, voxels: int) -> Evidence:
    """Look for what the agent did.

    Parameters
    ----------
    before, after
        (slice, y, x), aligned, in the blocks of a :class:`recon.tasks.contrast.head.Head`, smoothed as there; 99th
        percentile of the pre scan 1.
    noise
        Standard deviation of the noise of the difference of single voxels, same unit.
    dose_fraction
        Of the low-dose scan.
    voxels
        In a block.
    """
    head = before > 0.2
    if not head.any():
        return Evidence(0.0, 0.0, 0.0, 0.0)
    change = (after - before)[head]
    limit = max(5.0 * noise / np.sqrt(voxels * (4 * np.pi * 0.49) ** 1.5), 0.006)
    inner = eroded(head, 3)
    tissue = after[inner if inner.any() else head]
    bright = max(float(np.percentile(tissue, 99)), 1e-9)
    return Evidence(
        brighter=float((change > limit).mean()),
        darker=float((change < -2 * limit).mean()),
        largest=float(np.percentile(change, 99.9)) / dose_fraction,
        typical=float(np.median(tissue)) / bright,
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
    sigma = 2.0
    excess = gaussian(enhancement - difference, sigma, truncate=3.0)
    margin = 5.0 * noise / (2 * np.sqrt(np.pi) * sigma) + 0.1
    return np.maximum(excess - np.float32(margin), 0)
