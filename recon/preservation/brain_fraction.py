"""The share of the inside that is tissue: its bias, its repeatability, and how a true loss of it reads.

Classes are fixed on the slice without noise and pixels between them count in part: mixtures that are fitted to each
image are unstable (repeat of 0.4 to 4 %), fixed classes with partial volume are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.filters import threshold_multiotsu

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.preservation import limits
from recon.preservation.limits import judged
from recon.preservation.subject import Subject

_FIELD_PX, _ROUNDS, _NEAR = 18.0, 3, 0.35
_SLICES = 10
#: Of the ventricles' enlargement: share of the distance from their middle, and how far it reaches over the side.
_GROWTH, _REACH = 0.06, 0.15


@dataclass(frozen=True)
class TissueShare:
    """How a slice's share of tissue is read.

    Attributes
    ----------
    region
        (y, x) over which it is taken.
    fluid, tissue
        Brightness of each over the smooth brightness of the slice.
    """

    region: Mask
    fluid: float
    tissue: float

    @classmethod
    def of(cls, reference: FloatArray, region: Mask) -> TissueShare:
        """With the classes of a noise-free slice (y, x): of three the darkest is fluid, the commoner other tissue."""
        values = np.clip(_flattened(reference, region)[region], 0, 1.6)
        low, high = threshold_multiotsu(values, 3, nbins=200)
        others = [values[(values >= low) & (values < high)], values[values >= high]]
        return cls(region, float(np.median(values[values < low])), float(np.median(max(others, key=len))))

    def read(self, image: FloatArray) -> float:
        """Of an image (y, x): 1 where all is tissue."""
        values = _flattened(image, self.region)[self.region]
        return float(np.clip((values - self.fluid) / (self.tissue - self.fluid), 0, 1).mean())


def _flattened(image: FloatArray, region: Mask) -> FloatArray:
    """The image over its own smooth brightness, of which what is much darker or brighter has no part."""
    logarithm = np.log(np.maximum(image, 1e-3 * float(image[region].mean())))
    weight = region.astype(float)
    field = logarithm
    for _ in range(_ROUNDS):
        field = gaussian_filter(logarithm * weight, _FIELD_PX) / np.maximum(gaussian_filter(weight, _FIELD_PX), 1e-6)
        weight = (region & (np.abs(logarithm - field) < _NEAR)).astype(float)
    return np.exp(logarithm - field)


def shrunken(subject: Subject, image: ComplexArray) -> ComplexArray:
    """The image (y, x) with its dark middle enlarged at the cost of the tissue about it."""
    dark = subject.inside & (subject.level < 0.7 * np.median(subject.level[subject.inside]))
    centre = np.argwhere(dark if dark.sum() > 20 else subject.inside).mean(0)
    y, x = np.indices(image.shape) - centre[:, None, None]
    reach = _REACH * min(image.shape)
    share = 1 - _GROWTH * np.exp(-(y**2 + x**2) / (2 * reach**2))
    at = centre[0] + share * y, centre[1] + share * x
    real, imaginary = (map_coordinates(part, at, order=3, mode="nearest") for part in (image.real, image.imag))
    return np.asarray(real + 1j * imaginary, np.complex64)


@dataclass(frozen=True)
class Reading:
    """Of one realisation of one slice: share of tissue before and after a loss, by a method, and at full sampling.

    ``true_change`` is the relative change without noise.
    """

    subject: int
    before: float
    after: float
    at_full: float
    true_change: float


def measures(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    """In percent of the share of tissue."""
    names = sorted({reading.subject for reading in readings})
    by_subject = [[reading for reading in readings if reading.subject == name] for name in names]
    bias = [
        100 * (np.mean([one.before for one in slice_]) / np.mean([one.at_full for one in slice_]) - 1)
        for slice_ in by_subject
    ]
    repeated = [[one.before for one in slice_] for slice_ in by_subject if len(slice_) > 1]
    variances = [np.var(values, ddof=1) / np.mean(values) ** 2 for values in repeated]
    repeat = 100 * float(np.sqrt(np.mean(variances) / _SLICES)) if variances else float("nan")
    errors = [100 * (one.after / one.before - 1 - one.true_change) for one in readings]
    true = 100 * float(np.mean([one.true_change for one in readings]))
    error = float(np.mean(errors))
    return {
        "brain fraction, bias": judged(
            abs(float(np.mean(bias))),
            limits.FRACTION_BIAS,
            "mean difference to full sampling over slices",
            unit="%",
            signed=round(float(np.mean(bias)), 3),
        ),
        "brain fraction, repeat": judged(
            repeat, limits.FRACTION_REPEAT, f"standard deviation of the mean of {_SLICES} slices", unit="%"
        ),
        "brain fraction, change": judged(
            abs(error),
            limits.FRACTION_BIAS,
            f"mean error in reading a true change of {true:.2f} %",
            unit="%",
            signed=round(error, 3),
            true_change=round(true, 3),
        ),
    }
