"""Brings the low-dose scan onto the pre scan: rigid motion, then gain and slow bias.

Scans without motion are not resampled, and others once. What is measured is measured on blocks of 2 mm, each scan
averaged to them once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from recon.tasks.contrast.coarse import shrink
from recon.tasks.contrast.gain import Gain, match_gain
from recon.tasks.contrast.head import Head, Matrix
from recon.tasks.contrast.mirror import AXES, mirrored_advantage
from recon.tasks.contrast.registration import ALIKE, registered
from recon.tasks.contrast.resampling import resample, shown_by
from recon.volumes import FloatImage, Volume

#: Less motion than this is not resampled for: interpolation would cost more than it mends.
NEGLIGIBLE_MM = 0.06
#: Less alike than this, scans are compared with every mirror image, not with that of left and right alone.
_DOUBTFUL = 0.96


@dataclass(frozen=True)
class Aligned:
    """The low-dose scan in the geometry and intensity scale of the pre scan.

    Attributes
    ----------
    low
        (slice, y, x) float32.
    motion_mm
        Largest displacement in the head.
    degrees
        Angle of the rotation.
    gain
        What the low-dose scan was divided by, with its slow bias.
    bias
        Standard deviation of the slow bias, relative; 0 when none was found.
    similarity
        Correlation of the two scans in the head.
    coverage
        Share of the head that the low-dose scan shows.
    mirrored
        How much better the mirror image of the low-dose scan agrees with the pre scan, see
        :func:`recon.tasks.contrast.mirror.mirrored_advantage`.
    motion
        (4, 4) rigid, from points of the pre scan to points of the low-dose scan, mm.
    shown
        (slice, y, x) where the low-dose scan shows anything; None where it does everywhere. Elsewhere ``low`` is
        the pre scan.
    """

    low: FloatImage
    motion_mm: float
    degrees: float
    gain: float
    bias: float
    similarity: float
    coverage: float
    mirrored: float = -1.0
    motion: Matrix = field(default_factory=lambda: np.eye(4))
    shown: npt.NDArray[np.bool_] | None = None


def align(head: Head, low: Volume) -> Aligned:
    """Register, resample, and match the intensities of the low-dose scan.

    Parameters
    ----------
    head
        Of the scan before contrast.
    low
        The scan after the reduced dose, in its own geometry. ``low.values`` may be changed.
    """
    pre = head.scan
    same_grid = pre.shape == low.shape and np.allclose(pre.geometry.affine, low.geometry.affine, atol=0.01)
    values, motion, still = low.values, np.eye(4), False
    if same_grid:
        blocks = shrink(values, head.steps)
        coarse = head.smoothed(blocks)
        motion = head.small_motion(coarse)
        still = head.likeness(coarse) > ALIKE and head.displacement(motion) < NEGLIGIBLE_MM
    if not still:
        motion = registered(head, low, motion)
        values, blocks, coarse = _moved(head, low, motion)
        rest = head.small_motion(coarse)
        if head.displacement(rest) >= NEGLIGIBLE_MM:
            motion = motion @ rest
            values, blocks, coarse = _moved(head, low, motion)
    shown = None if same_grid and still else shown_by(low, pre, motion)
    matched = match_gain(pre.values, values, head.steps, (head.blocks, blocks))
    corrected = _corrected(values, matched, pre.shape)
    if shown is not None:
        np.copyto(corrected, pre.values, where=~shown)
    one_gain = shown is None and not matched.has_bias
    coarse = coarse * np.float32(1 / matched.gain) if one_gain else head.coarse(corrected)
    similarity = head.likeness(coarse)
    return Aligned(
        low=corrected,
        motion_mm=head.displacement(motion),
        degrees=_angle(motion),
        gain=matched.gain,
        bias=matched.spread(pre.shape),
        similarity=similarity,
        coverage=head.coverage(low, motion),
        mirrored=mirrored_advantage(head, coarse, AXES if similarity < _DOUBTFUL else AXES[:1]),
        motion=motion,
        shown=shown,
    )


def _moved(head: Head, low: Volume, motion: Matrix) -> tuple[FloatImage, FloatImage, FloatImage]:
    """The low-dose scan on the pre scan, and the same in blocks, as they are and smoothed."""
    values = resample(low, head.scan, motion)
    blocks = shrink(values, head.steps)
    return values, blocks, head.smoothed(blocks)


def _corrected(values: FloatImage, gain: Gain, shape: tuple[int, ...]) -> FloatImage:
    """Slab by slab, so that memory stays bounded."""
    for start in range(0, shape[0], 16):
        gain.correct(values[start : start + 16], start, (shape[0], shape[1], shape[2]))
    return values


def _angle(motion: Matrix) -> float:
    cosine = (np.trace(motion[:3, :3]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
