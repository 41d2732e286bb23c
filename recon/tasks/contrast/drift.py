"""Drift between two scans: another contrast of grey against white matter, which no agent causes.

Another flip angle, coil or scanner makes white matter brighter against grey than it was before. The
difference of the scans then shows it as faint uptake of half of the brain, and what the network makes of it
looks real. What tells the two apart is the *commonest* difference at each intensity: uptake is local, so it
leaves the mode alone; a drift moves the mode of bright tissue against that of dark tissue. (The correlation of
the difference with the pre scan does not tell: real uptake prefers dark tissue.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.physics.gaussian import gaussian_at
from recon.quality.verdict import Check, measure, unmeasured
from recon.tasks.contrast.coarse import shrink, steps_of
from recon.volumes import FloatImage

_WORKING_MM = 1.0
_ERODED_MM = 4.0
_BINS = 24
_FEWEST = 2000
#: Along each axis a voxel in so many is looked at that at least this number are.
_PLACES = 64
#: Share of the tissue that a bin must hold for its mode to count.
_LEAST_SHARE = 0.008
#: Shares of the tissue that are compared: its darkest, and its brightest part.
_DARK, _BRIGHT = 0.3, 0.4
#: Six honest pairs of three patients lay from -.026 to +.001; the same with a drift of 3 or 6 % all lay outside.
LIMITS = (-0.09, 0.03)

_ACTION = "faint uptake is doubtful; compare with the two scans, or scan both with one protocol on one scanner"

Curve = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drift:
    """The commonest difference of two scans at each intensity.

    Attributes
    ----------
    intensity
        (bins,) of the mean of both scans, 99th percentile of the pre scan 1; empty where there is too little
        tissue.
    mode
        (bins,) of the difference over the dose fraction, same unit.
    step
        Mode in bright tissue less mode in dark tissue; NaN where there is too little tissue.
    """

    intensity: Curve
    mode: Curve
    step: float

    @property
    def found(self) -> bool:
        """Whether the step is larger than in scans of one sequence."""
        return not (np.isnan(self.step) or LIMITS[0] <= self.step <= LIMITS[1])

    @property
    def checks(self) -> list[Check]:
        """The step against its limits, as a list."""
        if np.isnan(self.step):
            return [unmeasured("grey_white_contrast", unit="", why="too little tissue", action=_ACTION)]
        check = measure(
            "grey_white_contrast",
            self.step,
            unit="",
            lower=LIMITS[0],
            upper=LIMITS[1],
            message="commonest difference in bright tissue less that in dark tissue; outside, the scans differ in "
            "sequence or scanner, and what all tissue of one intensity shares is subtracted",
            action=_ACTION,
        )
        return [check]

    def subtract(self, pre: FloatImage, low: FloatImage, *, scale: float, dose_fraction: float) -> None:
        """Take the commonest difference at each intensity out of slices of the low-dose scan, in place.

        Parameters
        ----------
        pre, low
            (slice, y, x), aligned and matched.
        scale
            99th percentile of the pre scan.
        dose_fraction
            Of the low-dose scan.
        """
        mean = (pre + low) * np.float32(0.5 / scale)
        relative = np.interp(mean, self.intensity, self.mode / self.intensity).astype(np.float32)
        inside = np.clip((mean - np.float32(0.06)) * 10, 0, 1)
        low -= relative * mean * inside * np.float32(dose_fraction * scale)


def measure_drift(
    pre: FloatImage, low: FloatImage, spacing: tuple[float, float, float], *, scale: float, dose_fraction: float
) -> Drift:
    """The commonest difference at each intensity of the inner head.

    Parameters
    ----------
    pre, low
        (slice, y, x), aligned and matched.
    spacing
        Distance of slices, rows and columns, mm.
    scale
        99th percentile of the pre scan.
    dose_fraction
        Of the low-dose scan.
    """
    from scipy.ndimage import binary_erosion

    steps = steps_of(spacing, _WORKING_MM)
    width = [_WORKING_MM / (step * size) for step, size in zip(spacing, steps, strict=True)]
    strides = [max(1, side // step // _PLACES) for side, step in zip(pre.shape, steps, strict=True)]
    before, after = (gaussian_at(shrink(scan, steps), width, strides) / np.float32(scale) for scan in (pre, low))
    mean = 0.5 * (before + after)
    head = mean > 0.2
    for axis, step in enumerate(spacing):
        line = np.ones([3 if other == axis else 1 for other in range(3)], bool)
        depth = math.ceil(_ERODED_MM / (step * steps[axis] * strides[axis]) - 0.5)
        head = binary_erosion(head, line, iterations=max(1, depth))
    if head.sum() < _FEWEST:
        return Drift(np.zeros(0), np.zeros(0), float("nan"))
    difference = (after - before)[head] / np.float32(dose_fraction)
    return _curve(mean[head], difference)


def _curve(mean: FloatImage, difference: FloatImage) -> Drift:
    darkest, brightest = np.percentile(mean, (2, 98))
    edges = np.linspace(float(darkest), float(brightest), _BINS + 1)
    place = np.digitize(mean, edges) - 1
    intensity, mode, share = [], [], []
    for index in range(_BINS):
        here = place == index
        if here.mean() < _LEAST_SHARE:
            continue
        intensity.append(float(mean[here].mean()))
        mode.append(_mode(difference[here]))
        share.append(float(here.mean()))
    if len(mode) < 4:
        return Drift(np.zeros(0), np.zeros(0), float("nan"))
    found, weight = np.array(mode), np.array(share)
    reached = np.cumsum(weight) / weight.sum()
    dark, bright = reached <= max(_DARK, reached[0]), reached > min(1 - _BRIGHT, reached[-2])
    step = np.average(found[bright], weights=weight[bright]) - np.average(found[dark], weights=weight[dark])
    return Drift(np.array(intensity), found, float(step))


def _mode(values: FloatImage) -> float:
    """Median of the shortest half."""
    ordered = np.sort(values)
    count = max(2, len(ordered) // 2)
    spans = ordered[count - 1 :] - ordered[: len(ordered) - count + 1]
    first = int(spans.argmin())
    return float(np.median(ordered[first : first + count]))
