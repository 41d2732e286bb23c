"""Contrast: two aligned scans to tensors slice by slice, and the network's answer to full-dose images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recon.arrays import Array
from recon.physics.detectability import smallest_enhancement
from recon.physics.rician import difference_noise
from recon.quality.verdict import Check, Verdict, verdict_of
from recon.tasks.base import FinishedSlice, SliceWork, TensorSpec
from recon.tasks.contrast.alignment import Aligned, align
from recon.tasks.contrast.blend import Blend, smoothed
from recon.tasks.contrast.checks import judge_pair
from recon.tasks.contrast.drift import measure_drift
from recon.tasks.contrast.evidence import evidence
from recon.tasks.contrast.features import (
    CHANNELS,
    Regression,
    SlabFeatures,
    SlabGrid,
    conditions,
    fill,
    halo,
    intensity_scale,
    slab_features,
)
from recon.tasks.contrast.head import Head
from recon.tasks.contrast.prediction import Prediction
from recon.tasks.contrast.probes import enhancement, lesions_in
from recon.tasks.contrast.slice_checks import judge_shown, judge_slice
from recon.tasks.contrast.wanted import Wanted
from recon.tasks.probe import Probe
from recon.volumes import FloatImage, Geometry, Volume

#: Sides of what the network sees are multiples of this, so that few shapes occur.
_SIDE = 32
SLAB = 16


@dataclass(frozen=True)
class AlignedPair:
    """Two aligned scans and what was measured on them.

    Attributes
    ----------
    pre, low
        (slice, y, x) in the unit of the pre scan; low aligned and matched.
    scale
        99th percentile of the pre scan.
    noise
        Standard deviation of the noise of the difference over ``scale``.
    box
        Rows and columns that hold the head.
    """

    pre: FloatImage
    low: FloatImage
    aligned: Aligned
    geometry: Geometry
    scale: float
    noise: float
    dose_fraction: float
    box: tuple[slice, slice]
    checks: list[Check]

    @classmethod
    def of(cls, pre: Volume, low: Volume, dose_fraction: float) -> AlignedPair:
        """Align, match and judge two scans; ``low.values`` may be changed."""
        head = Head(pre)
        aligned = align(head, low)
        scale = intensity_scale(pre.values)
        spacing = pre.geometry.spacing
        drift = measure_drift(
            pre.values, aligned.low, (spacing[2], spacing[1], spacing[0]), scale=scale, dose_fraction=dose_fraction
        )
        if drift.found:
            for start in range(0, len(pre.values), SLAB):
                part = slice(start, start + SLAB)
                drift.subtract(pre.values[part], aligned.low[part], scale=scale, dose_fraction=dose_fraction)
        noise = _noise(pre.values, aligned.low, scale)
        found = evidence(
            head.pre / np.float32(scale),
            head.coarse(aligned.low) / np.float32(scale),
            noise=0.0 if noise != noise else noise,
            dose_fraction=dose_fraction,
            voxels=math.prod(head.steps),
        )
        checks = [*judge_pair(aligned, found, noise / np.sqrt(2), spacing), *drift.checks]
        noise = 0.01 if noise != noise else noise
        return cls(
            pre.values, aligned.low, aligned, pre.geometry, scale, noise, dose_fraction, _box(pre.values, scale), checks
        )

    def beside(self, pre: FloatImage) -> AlignedPair:
        """The same with these values of the scan before contrast, or without them."""
        found = replace(self, pre=pre)
        if "anatomy" in vars(self):  # which took the whole of both scans
            vars(found)["anatomy"] = self.anatomy
        return found

    @property
    def grid(self) -> SlabGrid:
        """Placement of the part with the head."""
        column, _, depth = self.geometry.spacing
        rows, columns = (part.stop - part.start for part in self.box)
        return SlabGrid((len(self.pre), rows, columns), 0, depth / column)

    def slab(self, start: int, stop: int) -> tuple[FloatImage, FloatImage, SlabGrid]:
        """Mean and difference (over the dose fraction) of some slices, 99th percentile 1."""
        grid, part = self.grid, (slice(start, stop), *self.box)
        pre, low = self.pre[part], self.low[part]
        mean, difference = pre + low, low - pre
        mean *= np.float32(0.5 / self.scale)
        difference *= np.float32(1 / (self.scale * self.dose_fraction))
        return mean, difference, SlabGrid(grid.shape, start, grid.aspect)

    @cached_property
    def anatomy(self) -> npt.NDArray[np.float32]:
        """What anatomy alone explains of the difference, from a few slices of each slab; of many, from each second."""
        regression, around = Regression(), halo(self.grid.aspect)
        step, taken = (SLAB, SLAB) if len(self.pre) < 64 else (2 * SLAB, SLAB // 2)
        for start in range(0, len(self.pre), step):
            first, last = max(0, start - around), min(len(self.pre), start + taken + around)
            regression.add(*self.slab(first, last), slice(start - first, start - first + taken))
        return regression.solve()

    def work(self, factor: float, wanted: Wanted = Wanted()) -> Iterator[ContrastWork]:
        """One piece of work per slice, by the model's conformal factor; features are made slab by slab."""
        for start in range(0, len(self.pre), SLAB):
            yield from self._work_of(start, min(len(self.pre), start + SLAB), factor, wanted)

    def probed(self, factor: float, wanted: Wanted) -> Iterator[ContrastWork]:
        """The same of those slices alone that are probed."""
        for index in range(len(self.pre)):
            if wanted.probes.on(index, len(self.pre)):
                yield from self._work_of(index, index + 1, factor, wanted)

    def _work_of(self, start: int, stop: int, factor: float, wanted: Wanted) -> Iterator[ContrastWork]:
        around, total = halo(self.grid.aspect), len(self.pre)
        first, last = max(0, start - around), min(total, stop + around)
        mean, difference, grid = self.slab(first, last)
        part = slice(start - first, stop - first)
        features = slab_features(mean, difference, grid, self.anatomy, part)
        plain = smoothed(difference, self.geometry.spacing, part) if wanted.strength < 1 else None
        for index in range(start, stop):
            blend = None if plain is None else Blend(wanted.strength, plain[index - start])
            work = ContrastWork(self, features, index, index - start + features.first, factor, wanted, blend)
            work.probed = wanted.probes.on(index, total)
            work.mapped = wanted.maps and work.probed
            yield work


def _noise(pre: FloatImage, low: FloatImage, scale: float) -> float:
    """Noise of the difference over the scale, from two slices of every 24."""
    found = []
    for start in range(0, len(pre), 24):
        part = slice(start, min(start + 6, len(pre)), 3)
        change = (low[part] - pre[part]) / np.float32(scale)
        found.append(difference_noise(change, pre[part] > 0.2 * scale))
    known = [value for value in found if value == value]
    return float(np.median(known)) if known else float("nan")


def _box(pre: FloatImage, scale: float) -> tuple[slice, slice]:
    """Rows and columns of the head with a margin, as long as a multiple of 32 or the whole side."""
    bright = pre.max(axis=0) > 0.15 * scale
    parts = []
    for axis, side in ((1, pre.shape[1]), (0, pre.shape[2])):
        hits = np.flatnonzero(bright.sum(axis=axis) > 2)
        first, last = (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (0, side)
        wanted = last - first + 12
        length = min(side, wanted + -wanted % _SIDE)
        start = min(max(0, (first + last - length) // 2), side - length)
        parts.append(slice(start, start + length))
    return parts[0], parts[1]


class ContrastWork(SliceWork):
    """One slice on its way through the network."""

    def __init__(
        self,
        pair: AlignedPair,
        features: SlabFeatures,
        index: int,
        place: int,
        factor: float,
        wanted: Wanted,
        blend: Blend | None,
    ) -> None:
        self.index = index
        self._pair, self._features, self._place, self._factor = pair, features, place, factor
        self._wanted, self._blend = wanted, blend
        self._low = pair.low[index]
        rows, columns = (side + -side % _SIDE for side in features.mean.shape[1:])
        self._inputs = {"features": TensorSpec((1, CHANNELS, rows, columns)), "conditions": TensorSpec((1, 2))}
        self._outputs = {"enhancement_and_interval": TensorSpec((1, 3, rows, columns))}

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """Features of five slices, and the conditions."""
        return self._inputs

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """Enhancement, and how far the truth may lie below and above."""
        return self._outputs

    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Lay out the features."""
        fill(self._features, self._place, tensors["features"][0])
        tensors["conditions"][0] = conditions(self._pair.noise, self._pair.dose_fraction)

    def judge_input(self) -> list[Check]:
        """What is wrong with the pair as a whole, so that no slice of it looks better than it is."""
        return [check for check in self._pair.checks if check.outcome is Verdict.REJECT]

    def predicted(self, tensors: Mapping[str, Array]) -> Prediction:
        """What the network says of the part with the head."""
        pair, place = self._pair, self._place
        difference = self._features.difference[place]
        rows, columns = difference.shape
        planes = np.asarray(tensors["enhancement_and_interval"][0], np.float32)[:, :rows, :columns]
        return Prediction.of(planes, difference, pair.noise / pair.dose_fraction)

    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Add the enhancement to the mean of the two scans; scale the interval; look for evidence."""
        pair, box = self._pair, self._pair.box
        scale = np.float32(pair.scale)
        mean = self._features.mean[self._place]
        predicted = self.predicted(tensors)
        enhancement, half_width = predicted.enhancement, predicted.half_width(self._factor)
        if self._blend is not None:  # the interval goes on holding what it held
            blended = self._blend.of(enhancement)
            half_width += np.abs(blended - enhancement)
            enhancement = blended
        pre, low = pair.pre[self.index], self._low
        head = mean > 0.2
        shown = None if pair.aligned.shown is None else pair.aligned.shown[self.index]
        if shown is not None:  # low is the pre scan there
            enhancement = np.where(shown[box], enhancement, 0)
        mean_scan = 0.5 * (pre + low)
        image = mean_scan.copy()
        # the mean already holds its share of what the low dose added
        image[box] += enhancement * np.float32((1 - 0.5 * pair.dose_fraction) * pair.scale)
        np.maximum(image, min(0.0, float(pre.min())), out=image)
        # outside the head there is noise alone: 1.645 of its deviation cover 90 %
        uncertainty = np.full(image.shape, 1.645 / 2 * pair.noise * pair.scale, np.float32)
        uncertainty[box] = half_width * scale
        checks = judge_slice(predicted.doubtful, half_width, head if shown is None else head & shown[box])
        if shown is not None:
            checks += judge_shown(shown[box], head)
        if verdict_of(pair.checks) is Verdict.REJECT:  # never a pretty picture of a wrong pair
            image, uncertainty = pre.copy(), np.full(image.shape, scale, np.float32)
        detectable = smallest_enhancement(
            (low - pre) / scale, mean_scan / scale, pair.noise, pair.dose_fraction, pair.geometry.spacing
        )
        if shown is not None:  # nothing is known of what the agent does here
            uncertainty, detectable = np.where(shown, uncertainty, scale), np.where(shown, detectable, 1)
        if self.probed:
            self._image = image
        return FinishedSlice(image, uncertainty, checks, {"DETECTABILITY": (detectable * scale).astype(np.float32)})

    def probe(self) -> Probe | None:
        """Small balls that enhance, as the reduced dose would show them in this slice and in those around."""
        pair, index = self._pair, self.index
        mean = 0.5 * (pair.pre[index] + self._low) / np.float32(pair.scale)
        lesions = lesions_in(mean, pair.geometry, self._wanted.lesion, alone=self.mapped)
        if lesions is None:
            return None
        around, fraction = halo(pair.grid.aspect), np.float32(pair.dose_fraction)
        depth_mm = pair.geometry.spacing[2]
        first, last = max(0, index - around), min(len(pair.pre), index + around + 1)
        means, differences, grid = pair.slab(first, last)
        for place in range(last - first):
            full = enhancement(lesions, mean, (first + place - index) * depth_mm)[pair.box]
            means[place] += 0.5 * fraction * full
            differences[place] += full
        own, blend = slice(index - first, index - first + 1), self._blend
        features = slab_features(means, differences, grid, pair.anatomy, own)
        if blend is not None:
            blend = replace(blend, difference=smoothed(differences, pair.geometry.spacing, own)[0])
        expected = enhancement(lesions, mean) * np.float32(pair.scale)
        work = ContrastWork(pair, features, index, features.first, self._factor, self._wanted, blend)
        work._low = self._low + fraction * expected
        return Probe(work, lesions, expected, self._image)
