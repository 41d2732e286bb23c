"""Two-dimensional Cartesian slices of an ISMRMRD file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from recon.arrays import IntegerArray
from recon.errors import UnreadableInput
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd.lines import Grid
from recon.io.mrd.losses import losses
from recon.io.mrd.placement import ordered, stack_geometry
from recon.physics.oversampling import remove_oversampling, still_measured
from recon.values.readouts import KSpace, ReadoutPart, Readouts
from recon.volumes import ComplexImage


def read(grid: Grid, members: IntegerArray, calibration: IntegerArray, label: str, notes: list[str]) -> KSpaceSeries:
    """The slices of one series, one k-space each, ordered along read x phase."""
    heads, encoding = grid.acquisitions.heads, grid.encoding
    slices = heads["idx"]["slice"]
    numbers, firsts = np.unique(slices[members], return_index=True)
    order = ordered([heads[members[first]] for first in firsts])
    numbers, firsts = numbers[order], firsts[order]
    x, y, _ = encoding.encoded.matrix
    coils = int(heads["active_channels"][members[0]])
    kept = encoding.kept(0)
    if kept < x:
        notes.append(f"readout oversampling removed: {x} to {kept} samples")
    (shown_x, fine_x), (shown_y, fine_y) = fine_readout(grid), encoding.fine(1)
    if (fine_x, fine_y) != (kept, y):
        notes.append(f"k-space of {kept} x {y} filled up with zeros to {fine_x} x {fine_y}")

    def load(index: int) -> Readouts:
        own = members[slices[members] == numbers[index]]
        extra = calibration[slices[calibration] == numbers[index]]
        (kspace,), (counts,) = grid.fill(own, extra)
        counts = still_measured(counts, kept)
        return Readouts(remove_oversampling(kspace, kept) * (counts > 0)[:, None], counts)

    def further(heads: Any, samples: ComplexImage) -> ReadoutPart:
        more = replace(grid, acquisitions=replace(grid.acquisitions, heads=heads))
        if samples.shape[1] != coils:
            raise UnreadableInput(f"{grid.acquisitions.name}: {samples.shape[1]} coils after {coils}")
        more.check(np.arange(len(heads)))
        part = more.part(samples)
        if kept == x:
            return part
        values = remove_oversampling(part.values, kept)
        if part.counts is None:
            return replace(part, values=values)
        counts = still_measured(part.counts, kept)
        return replace(part, values=values * (counts > 0)[:, None], counts=counts)

    field = encoding.encoded.field_mm
    spacing = field[0] / x * kept / fine_x, field[1] / fine_y
    geometry, problem = stack_geometry(
        [heads[members[first]] for first in firsts], spacing, (shown_x, shown_y), encoding.recon.field_mm[2]
    )
    if problem:
        notes.append(problem)
    source = KSpace(len(numbers), coils, kept, y, geometry, load, (fine_x, fine_y), noise_std(grid))
    checks = losses(grid, members, uneven="evenly" in problem)
    return KSpaceSeries(label, source, geometry, (shown_x, shown_y), True, notes, checks=checks, further=further)


def fine_readout(grid: Grid) -> tuple[int, int]:
    """Pixels along the readout that are shown, and of the image; equal, since oversampling is gone by then."""
    shown, _ = grid.encoding.fine(0)
    return shown, shown


def noise_std(grid: Grid) -> float:
    """Of the real part of one measurement of a coil after whitening; 0 without a noise scan."""
    return 0.0 if grid.whiten is None else float(np.sqrt(0.5))
