"""Radial and spiral readouts of an ISMRMRD file, with the trajectory that the file gives them."""

from __future__ import annotations

import numpy as np

from recon.arrays import IntegerArray
from recon.errors import UnreadableInput
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd.acquisitions import Acquisitions
from recon.io.mrd.lines import Grid
from recon.io.mrd.placement import ordered, stack_geometry
from recon.io.mrd.stack import noise_std
from recon.values.readouts import KSpace, Readouts

_KINDS = {"radial": "radial", "goldenangle": "radial", "spiral": "spiral"}
#: How far beyond half a cycle per pixel rounding may take a trajectory.
_HALF = 0.5 * 1.02


def is_curved(acquisitions: Acquisitions, members: IntegerArray) -> bool:
    """Whether readouts carry a trajectory that is no set of parallel lines."""
    if not (acquisitions.heads["trajectory_dimensions"][members] >= 2).all():
        return False
    some = members[:: max(1, len(members) // 16)]
    paths = [path[:, :2] for _, path in acquisitions.trajectories(some) if len(path) > 1]
    steps = np.array([path[-1] - path[0] for path in paths])
    bends = max((float(np.ptp(path[:, 1])) for path in paths), default=0.0)
    along = float(np.abs(steps[:, 0]).max()) if len(steps) else 0.0
    return bends > 0.02 * along


def read(grid: Grid, members: IntegerArray, label: str, notes: list[str]) -> KSpaceSeries:
    """Slices whose readouts follow a trajectory in the plane.

    Raises
    ------
    UnreadableInput
        When the file gives no trajectory, or a three-dimensional one.
    """
    acquisitions, encoding = grid.acquisitions, grid.encoding
    heads, path = acquisitions.heads, acquisitions.name
    x, y, z = encoding.encoded.matrix
    if z > 1:
        raise UnreadableInput(f"{path}: a {encoding.trajectory} trajectory in three dimensions; planes are needed")
    dimensions = heads["trajectory_dimensions"][members]
    if (dimensions < 2).any():
        raise UnreadableInput(
            f"{path}: the trajectory is {encoding.trajectory}, but acquisition {members[int(np.argmin(dimensions))]} "
            "says nothing of it; convert the file with trajectories, or as Cartesian"
        )
    slices = heads["idx"]["slice"]
    numbers, firsts = np.unique(slices[members], return_index=True)
    order = ordered([heads[members[first]] for first in firsts])
    numbers, firsts = numbers[order], firsts[order]
    own = [members[slices[members] == number] for number in numbers]
    samples = int(acquisitions.span(members)[1].max())
    readouts = max(map(len, own))
    largest = max((float(np.abs(k[:, :2]).max()) for _, k in acquisitions.trajectories(members)), default=0.0)
    scale, words = _unit(largest, max(x, y), path)
    if words:
        notes.append(words)

    def load(index: int) -> Readouts:
        coils = int(heads["active_channels"][members[0]])
        kspace = np.zeros((readouts, coils, samples), np.complex64)
        counts = np.zeros((readouts, samples), np.uint16)
        paths = np.zeros((readouts, samples, 2), np.float32)
        for at, (_, readout) in enumerate(acquisitions.samples(own[index])):
            kspace[at, :, : readout.shape[1]] = readout
            counts[at, : readout.shape[1]] = 1
        for at, (_, points) in enumerate(acquisitions.trajectories(own[index])):
            paths[at, : len(points)] = points[:, :2] * scale
        if grid.whiten is not None:
            kspace = np.matmul(grid.whiten, kspace)
        return Readouts(kspace, counts, np.clip(paths, -0.5, 0.5))

    shown = encoding.kept(0), encoding.kept(1)
    if (encoding.fine(0)[0], encoding.fine(1)[0]) != shown:
        notes.append(f"image of {shown[0]} x {shown[1]} pixels, the acquired resolution")
    field = encoding.encoded.field_mm
    geometry, problem = stack_geometry(
        [heads[members[first]] for first in firsts], (field[0] / x, field[1] / y), shown, encoding.recon.field_mm[2]
    )
    if problem:
        notes.append(problem)
    source = KSpace(
        len(numbers),
        int(heads["active_channels"][members[0]]),
        samples,
        readouts,
        geometry,
        load,
        (y, x),
        noise_std(grid),
        _KINDS.get(encoding.trajectory, "radial"),
    )
    return KSpaceSeries(label, source, geometry, shown[::-1], False, notes)


def _unit(largest: float, matrix: int, path: object) -> tuple[float, str]:
    """Factor to cycles per pixel, and what to say of it."""
    if not (np.isfinite(largest) and largest > 0):
        raise UnreadableInput(f"{path}: the trajectory is not finite or zero everywhere")
    if largest <= _HALF:
        return 1.0, ""
    if largest <= np.pi * 1.02:
        return 1 / (2 * np.pi), "trajectory taken to be in radians per pixel"
    if largest <= matrix * _HALF:
        return 1 / matrix, f"trajectory taken to be in cycles per field of view of {matrix} pixels"
    raise UnreadableInput(
        f"{path}: the trajectory reaches {largest:g}; -0.5 to 0.5 cycles per pixel are expected, or its encoded matrix"
    )
