"""Which conformal factor an MR interval gets: the one that scans like this were calibrated with, or none."""

from __future__ import annotations

import functools

from recon.arrays import Mask
from recon.physics.sampling import pattern_of
from recon.quality.conformal_table import ConformalTable, ScanCondition
from recon.quality.verdict import Check, measure
from recon.tasks.base import ModelFacts
from recon.values.readouts import Readouts

#: Parameter of a model's configuration.
TABLE = "conformal_table"
#: Name of the check that says whether the interval was calibrated on scans like this one.
CHECK = "interval_calibration"


def condition_of(mask: Mask, coils: int) -> ScanCondition:
    """What the choice of a factor knows of a scan; the same where factors are made and where they are used.

    Parameters
    ----------
    mask
        Of k-space, either axis first.
    coils
        That took part.
    """
    return ScanCondition(pattern_of(mask), mask.size / max(float(mask.sum()), 1.0), coils)


def factor_of(model: ModelFacts, readouts: Readouts) -> tuple[float, list[Check]]:
    """What half-widths are multiplied by, and whether that was calibrated on scans like this one.

    A model without a table has one factor for all, and nothing is said. Where the table knows no scan like this,
    or knows that its interval does not hold, the verdict is REVIEW: no coverage is claimed.

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
    scan = condition_of(readouts.mask, readouts.samples.shape[1])
    cell = table.find(scan)
    holds = cell is not None and cell.calibrated
    factor = table.widest if cell is None else cell.factor
    words = "what half-widths are multiplied by, so that the 90 % interval covers 90 %" if holds else "not calibrated"
    check = measure(
        CHECK,
        factor if holds else float("nan"),
        unit="",
        lower=0.0,
        message=f"{scan}: {words}",
        action="compare with l1-wavelet before small structure is trusted",
    )
    return factor, [check]


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> ConformalTable:
    return ConformalTable.parse(text)
