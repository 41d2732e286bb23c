"""What a scan lacks, as checks: slices that never came, lines that an end cut off, placement that nobody wrote."""

from __future__ import annotations

import numpy as np

from recon.arrays import IntegerArray
from recon.io.mrd.lines import Grid
from recon.io.mrd.placement import is_placed
from recon.quality.verdict import Check, measure

#: Of the lines that the other slices have, below which a slice counts as broken off.
_BROKEN_OFF = 0.9


def losses(grid: Grid, members: IntegerArray, *, uneven: bool = False) -> list[Check]:
    """Checks of one stack of slices.

    Parameters
    ----------
    grid
        Of its encoding.
    members
        Its readouts.
    uneven
        Whether slices are not evenly spaced.
    """
    heads = grid.acquisitions.heads
    numbers, counts = np.unique(heads["idx"]["slice"][members], return_counts=True)
    checks = [_missing(numbers, grid.encoding.slices), _broken_off(numbers, counts)]
    placed = is_placed(heads[members[0]])
    words = "directions of the slices are no unit vectors; they are taken to be axial"
    checks.append(
        measure(
            "placement",
            float(placed),
            unit="",
            lower=1.0,
            message="the header says how the slices are turned" if placed else words,
            action="left, right, front and back of this volume are a guess; convert the raw data again",
        )
    )
    checks.append(
        measure(
            "even_spacing",
            float(not uneven),
            unit="",
            lower=1.0,
            message="slices are not evenly spaced" if uneven else "slices are evenly spaced",
            action="distances along the slices are wrong in the volume; look for slices that were lost",
        )
    )
    return checks


def _missing(numbers: IntegerArray, announced: int) -> Check:
    # a header that announces more than a few times what came describes another scan
    last = max(int(numbers[-1]), announced - 1 if announced <= 4 * len(numbers) else 0)
    missing = sorted(set(range(last + 1)) - set(map(int, numbers)))
    words = f"slices that never came: {', '.join(map(str, missing[:20]))} of 0 to {last}" if missing else "all came"
    return measure(
        "slices_lost",
        float(len(missing)),
        unit="",
        upper=0.0,
        message=words,
        action="the scan was stopped early, or the file is a part of it",
    )


def _broken_off(numbers: IntegerArray, counts: IntegerArray) -> Check:
    short = numbers[counts < _BROKEN_OFF * np.median(counts)]
    words = f"slices with fewer readouts than the others: {', '.join(map(str, short[:20]))}"
    return measure(
        "slices_broken_off",
        float(len(short)),
        unit="",
        upper=0.0,
        message=words if len(short) else "all slices have as many readouts",
        action="the scan was stopped in the middle of them",
    )
