"""Split conformal calibration of a model as it is served: the exported file, on the runtime that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.arrays import FloatArray
from recon.backend.runtime import runtime_of
from recon.quality.conformal import TooFewSamples, conformal_factor, measured_coverage
from recon.quality.interval import COVERAGE

#: A served network: arrays by input name to arrays in the order of the output names given.
Served = Callable[[Mapping[str, npt.NDArray[Any]], list[str]], list[npt.NDArray[Any]]]


def served(weights: Path) -> Served:
    """The network of an exported file on the runtime of the Triton backend."""
    return runtime_of(weights)


def cross_calibrated(samples: Mapping[str, tuple[FloatArray, FloatArray]]) -> dict[str, Any]:
    """The factor that ships, and how well such a factor does on scans that it was not made from.

    Parameters
    ----------
    samples
        Of each held-out scan, absolute errors and predicted half-widths at the same pixels.

    Returns
    -------
    dict
        ``coverage`` (stated), ``conformal_factor`` (from all scans) and ``held_out``: for each scan the
        coverage that it gets with the factor of the *other* scans, and its mean half-width; of none where there
        is one scan only.

    Raises
    ------
    TooFewSamples
        When nothing, or not enough, is held out.
    """
    if not samples:
        raise TooFewSamples("nothing is held out, so the interval can't be calibrated")
    measured = {}
    for name, (error, width) in samples.items():
        others = [sample for key, sample in samples.items() if key != name]
        if not others:  # its own factor would cover it whatever it is
            continue
        factor = _factor(others)
        measured[name] = {
            "factor_from_other_scans": round(factor, 4),
            "coverage": round(measured_coverage(error, factor * width), 4),
            "mean_half_width": round(float(np.mean(factor * width)), 4),
        }
    factor = _factor(list(samples.values()))
    return {"coverage": COVERAGE, "conformal_factor": round(factor, 4), "held_out": measured}


def _factor(samples: list[tuple[FloatArray, FloatArray]]) -> float:
    return conformal_factor(
        np.concatenate([error for error, _ in samples]), np.concatenate([width for _, width in samples]), COVERAGE
    )
