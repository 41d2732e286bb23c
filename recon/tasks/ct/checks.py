"""Whether a slice is one that the network is for, and whether what it removed looks like noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.arrays import Array
from recon.quality.masked import mean_where
from recon.quality.noise_level import TISSUE_HU, tissue_noise
from recon.quality.removed import edge_energy_ratio
from recon.quality.verdict import Check, Verdict, measure, unmeasured
from recon.tasks.ct.denoise import DenoisedSlice
from recon.values.fixed_point import FixedPoint
from recon.volumes import Geometry

_LEAST_TISSUE = 0.005
#: Every second pixel along both axes.
_SPARSE = np.s_[::2, ::2]


@dataclass(frozen=True)
class CtLimits:
    """Where the model has been shown to work; what lies outside goes to REVIEW."""

    noise_hu: tuple[float, float] = (1.5, 75.0)
    matrix: tuple[float, float] = (128, 1024)
    spacing_mm: tuple[float, float] = (0.35, 1.5)
    edge_energy: float = 1.5
    shift_hu: float = 1.0
    uncertainty_hu: tuple[float, float] = (0.2, 60.0)
    out_of_range_share: float = 0.02


LIMITS = CtLimits()
#: What tells whether a scan is one that the network was made and calibrated for.
DOMAIN = frozenset({"hu_range", "hu_plausible", "tissue_share", "matrix_size", "pixel_spacing", "noise_level"})
OF_THE_SERIES = ("hu_plausible",)
#: Without each of them there is no PASS.
DECLARED = (*sorted(DOMAIN), "hu_shift", "mean_uncertainty", "removed_looks_like_noise")


def tissue_share(hu: Array) -> float:
    """Share of pixels with the HU of soft tissue; of every second pixel, which is as good and cheaper."""
    return _share(_tissue(np.ascontiguousarray(hu[_SPARSE])))


def judge_input(hu: Array, geometry: Geometry) -> list[Check]:
    """What can be measured on the input (y, x) in HU, each against the range of the training."""
    limits, sparse = LIMITS, np.ascontiguousarray(hu[_SPARSE])
    level = tissue_noise(hu)
    checks = [
        measure(
            "hu_range",
            _share((sparse < -3100) | (sparse > 20000)),
            unit="",
            upper=limits.out_of_range_share,
            severity=Verdict.REJECT,
            message="share of pixels that no CT number scale has",
            action="export the series again with its rescale slope and intercept",
        ),
        measure(
            "tissue_share",
            _share(_tissue(sparse)),
            unit="",
            lower=_LEAST_TISSUE,
            message="share of pixels with the HU of soft tissue",
            action="the network knows bodies; look at this slice before and after",
        ),
        measure(
            "matrix_size",
            _outside(hu.shape, limits.matrix),
            unit="px",
            lower=limits.matrix[0],
            upper=limits.matrix[1],
            message="side of the slice, the one that is least usual",
            action="reconstruct the scan on a usual matrix",
        ),
        measure(
            "pixel_spacing",
            _outside(geometry.spacing[:2], limits.spacing_mm),
            unit="mm",
            lower=limits.spacing_mm[0],
            upper=limits.spacing_mm[1],
            message="distance between pixels along rows or columns, the one that is least usual",
            action="the network was not trained for it; compare with the original",
        ),
    ]
    if np.isfinite(level):
        words, (low, high) = "noise of the input in soft tissue, against the range of the training", limits.noise_hu
        action = "quieter or noisier than any scan of the training; compare with the original"
        checks.append(measure("noise_level", level, unit="HU", lower=low, upper=high, message=words, action=action))
    else:
        why, action = "too little soft tissue to measure the noise in", "look at this slice before and after"
        checks.append(unmeasured("noise_level", unit="HU", why=why, action=action))
    return checks


def judge_result(hu: Array, result: DenoisedSlice) -> list[Check]:
    """Whether what was removed looks like noise, judged at full strength whatever share the caller wants.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    result
        Of :func:`denoise`.
    """
    limits = LIMITS
    # what was tissue or has become it: nothing of a result that was shifted far lies in the window any more, and of a
    # noisy input alone the mean at the window's edges would be one of noise that was chosen
    tissue = _tissue(np.ascontiguousarray(result.image[_SPARSE])) | _tissue(np.ascontiguousarray(hu[_SPARSE]))
    if _share(tissue) < _LEAST_TISSUE:
        return []  # tissue_share says so
    width = result.width
    half = mean_where(tissue, (width.steps if isinstance(width, FixedPoint) else width)[_SPARSE])
    full = result.image if result.full_strength else np.subtract(hu, result.noise, dtype=np.float32)
    checks = [
        measure(
            "hu_shift",
            abs(mean_where(tissue, result.noise[_SPARSE])),
            unit="HU",
            upper=limits.shift_hu,
            message="mean change of soft tissue",
            action="HU can't be read off this slice; use the original",
        ),
        measure(
            "mean_uncertainty",
            half * width.step if isinstance(width, FixedPoint) else half,
            unit="HU",
            lower=limits.uncertainty_hu[0],
            upper=limits.uncertainty_hu[1],
            message="mean half-width of the 90 % interval in soft tissue",
            action="too wide to tell tissues apart, or no width at all; use the original",
        ),
    ]
    ratio = edge_energy_ratio(full, result.noise)
    words = "what was removed on edges over what was removed in flat tissue"
    if np.isfinite(ratio):  # hardly an edge in a slice: nothing there could have been blurred
        action = "edges were removed with the noise; lower --strength or use the original"
        checks.append(
            measure("removed_looks_like_noise", ratio, unit="", upper=limits.edge_energy, message=words, action=action)
        )
    return checks


def _outside(values: Sequence[float], limits: tuple[float, float]) -> float:
    """Of the values, one that lies outside the limits where any does; else the one nearest to a limit."""
    low, high = limits
    return float(min(values, key=lambda value: min(value / low, high / max(value, 1e-9))))


def _tissue(hu: Array) -> npt.NDArray[np.bool_]:
    return (hu > TISSUE_HU[0]) & (hu < TISSUE_HU[1])


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(mask)) / mask.size
