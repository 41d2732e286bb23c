"""Which conformal factor an MR interval gets: the one that scans like this were calibrated with, or none."""

from __future__ import annotations

import functools

from recon.physics.sampling import pattern_of
from recon.quality.conformal_table import ConformalTable, ScanCondition
from recon.quality.verdict import Check, measure
from recon.tasks.base import ModelFacts
from recon.values.readouts import Readouts

#: Parameter of a model's configuration.
TABLE = "conformal_table"


def factor_of(model: ModelFacts, readouts: Readouts) -> tuple[float, list[Check]]:
    """What half-widths are multiplied by, and whether that was calibrated on scans like this one.

    A model without a table has one factor for all, and nothing is said. Outside of a table's groups the
    half-widths are the widest that it has, and the verdict is REVIEW: no coverage is known.

    Parameters
    ----------
    model
        With its parameters.
    readouts
        Of a Cartesian slice.
    """
    if TABLE not in model.parameters:
        return model.conformal_factor, []
    table = _parsed(model.parameters[TABLE])
    mask = readouts.mask
    scan = ScanCondition(pattern_of(mask), mask.size / max(float(mask.sum()), 1.0), readouts.samples.shape[1])
    factor = table.factor(scan)
    check = measure(
        "interval_calibration", float("nan") if factor is None else factor, unit="",
        message=f"the 90 % interval was {'never ' if factor is None else ''}calibrated for {scan}"
        + ("; its width is a guess, look at the image as if it had none" if factor is None else ""),
    )  # fmt: skip
    return factor or table.widest, [check]


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> ConformalTable:
    return ConformalTable.parse(text)
