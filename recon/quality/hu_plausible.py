"""Whether numbers can be HU at all: a volume whose rescale was lost looks like CT and is none."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray
from recon.quality.verdict import Check, measure, unmeasured

PADDING_HU = -1500.0
_ENOUGH = 1_000_000
_NAME = "hu_plausible"
_ACTION = "export the series again with its rescale slope and intercept"
_DENSE_HU = (800.0, 1300.0)


def hu_plausible(values: FloatArray) -> Check:
    """Compare the distribution of a volume with what every CT scan has: air or fat, tissue near 0.

    On the HU scale air is -1000 and water 0 by definition, fat lies near -100, and bone above 800 is
    a small part of the body. Values that start near 0 (rescale lost: an offset of 1024, or a range of
    0..1 or 0..255), that hardly vary, or that have most of their mass elsewhere are something else.

    Parameters
    ----------
    values
        Of any shape, HU; what lies below -1500 is padding and does not count.

    Returns
    -------
    Check
        ``hu_plausible``; REVIEW with the reason when the numbers can't be HU.
    """
    flat = np.asarray(values, dtype=np.float32).reshape(-1)
    flat = flat[:: max(1, flat.size // _ENOUGH)]
    inside = flat[(flat >= PADDING_HU) & np.isfinite(flat)]
    if not inside.size:
        return unmeasured(_NAME, unit="HU", why="no value above -1500: these can't be HU", action=_ACTION)
    lowest, highest = (float(value) for value in np.quantile(inside, (0.001, 0.999)))
    dense = _share(inside, _DENSE_HU)
    checks = [
        measure(
            _NAME, lowest, unit="HU", upper=-50.0, message=_start(lowest, float(inside.min()), highest), action=_ACTION
        ),
        measure(
            _NAME,
            highest - lowest,
            unit="HU",
            lower=100.0,
            message="the values hardly vary (scaled to a small range?): these can't be HU",
            action=_ACTION,
        ),
        measure(
            _NAME,
            highest,
            unit="HU",
            lower=-150.0,
            message="nothing is as dense as tissue (offset subtracted twice?): these can't be HU",
            action=_ACTION,
        ),
        measure(
            _NAME,
            dense,
            unit="",
            upper=0.15,
            message="share of values from 800 to 1300, as if 1024 was not subtracted: these can't be HU",
            action=_ACTION,
        ),
        measure(
            _NAME,
            float((flat > 5000).mean()),
            unit="",
            upper=0.01,
            message="share of values above 5000, which only metal has: these can't be HU",
            action=_ACTION,
        ),
        measure(
            _NAME,
            _spread_below(flat),
            unit="",
            upper=0.05,
            message="share of varying values below -1500 (offset subtracted twice?): these can't be HU",
            action=_ACTION,
        ),
    ]
    failed = [check for check in checks if check.outcome > 1]
    if failed:
        return failed[0]
    words = "lowest value, which air or fat must have"
    return measure(_NAME, lowest, unit="HU", upper=-50.0, message=words, action=_ACTION)


def _start(lowest: float, smallest: float, highest: float) -> str:
    if smallest >= 0 and highest <= 1:
        return "all values lie from 0 to 1 (scaled?): these can't be HU"
    if smallest >= 0 and highest <= 255:
        return "all values lie from 0 to 255 (8-bit grey?): these can't be HU"
    if abs(lowest) <= 100:
        return "the lowest values, which air must have, are near 0 (offset of 1024 not subtracted?): these can't be HU"
    return "there is neither air nor fat (an offset?): these can't be HU"


def _share(values: FloatArray, limits: tuple[float, float]) -> float:
    return float(((values > limits[0]) & (values < limits[1])).mean())


def _spread_below(values: FloatArray) -> float:
    """Share of values below -1500 beside the few that padding uses."""
    below = np.rint(values[values < PADDING_HU])
    if not below.size:
        return 0.0
    _, counts = np.unique(below, return_counts=True)
    padding = int(np.sort(counts)[-3:].sum())
    return float((below.size - padding) / values.size)
