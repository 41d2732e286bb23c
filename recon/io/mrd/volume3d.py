"""Three-dimensional Cartesian scans of an ISMRMRD file, as stacks of two-dimensional k-space."""

from __future__ import annotations

import numpy as np

from recon.arrays import Counts, IntegerArray
from recon.errors import UnreadableInput
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd.lines import Grid
from recon.io.mrd.placement import volume_geometry
from recon.io.mrd.stack import noise_std
from recon.physics.fourier import to_image
from recon.physics.oversampling import remove_oversampling, still_measured
from recon.values.readouts import KSpace, Readouts
from recon.volumes import ComplexImage, FloatImage

_MOST_VOLUME_BYTES = 8 * 2**30
#: Share of partition-line pairs, of those with any measured line and partition, above which what is missing
#: counts as never wanted (elliptical scanning) rather than as undersampled in two directions.
_NEARLY_ALL = 0.7


def read(grid: Grid, members: IntegerArray, calibration: IntegerArray, label: str, notes: list[str]) -> KSpaceSeries:
    """A slab: slices across the partitions where all have the same lines, else across the readout."""
    heads, encoding = grid.acquisitions.heads, grid.encoding
    x, y, z = encoding.encoded.matrix
    coils = int(heads["active_channels"][members[0]])
    if 8 * coils * x * y * z > _MOST_VOLUME_BYTES:
        raise UnreadableInput(
            f"{grid.acquisitions.name}: a volume of {x}x{y}x{z} with {coils} coils is larger than 8 GiB"
        )
    if len(np.unique(heads["idx"]["slice"][members])) > 1:
        raise UnreadableInput(
            f"{grid.acquisitions.name}: several slabs of a 3D scan in one series; export them one by one"
        )
    every = np.concatenate([members, calibration])
    sampled = np.zeros((z, y), bool)
    sampled[grid.place(every, 2), grid.place(every, 1)] = True
    lines, planes = sampled.any(axis=0), sampled.any(axis=1)
    share = sampled[np.ix_(planes, lines)].mean()
    # missing partitions at the edge are partial Fourier, which zeros fill; scattered ones are not
    whole_planes = bool(planes[np.flatnonzero(planes)[0] : np.flatnonzero(planes)[-1] + 1].all())
    across_partitions = whole_planes and share > _NEARLY_ALL
    notes.append(f"3D scan, slices across the {'partitions' if across_partitions else 'readout'}")
    kept = encoding.kept(0)
    if kept < x:
        notes.append(f"readout oversampling removed: {x} to {kept} samples")
    (shown_x, _), (shown_y, fine_y), (shown_z, fine_z) = (encoding.fine(axis) for axis in range(3))
    cache: list[tuple[ComplexImage, Counts]] = []

    def volume() -> tuple[ComplexImage, Counts]:
        """k-space (z, y, coils, x) as an image along z or x, and counts (z, y, x)."""
        if not cache:
            kspace, counts = grid.fill(members, calibration)
            counts = still_measured(counts, kept)
            kspace = remove_oversampling(kspace, kept) * (counts > 0)[:, :, None]
            axis, length = (0, fine_z) if across_partitions else (3, shown_x)
            cache.append((to_image(_padded(kspace, length, axis), axes=(axis,)), counts))
        return cache[0]

    field = encoding.encoded.field_mm
    spacing = field[0] / x * kept / shown_x, field[1] / fine_y, field[2] / fine_z
    geometry = volume_geometry(heads[members[0]], spacing, (shown_x, shown_y, shown_z))
    std = noise_std(grid)
    if across_partitions:
        std *= grid.repeats(members) * float(np.sqrt(planes.mean()))
        first = fine_z // 2 - shown_z // 2

        def partition(index: int) -> Readouts:
            kspace, counts = volume()
            return Readouts(kspace[first + index], counts.any(axis=0).astype(np.uint16))

        source = KSpace(shown_z, coils, kept, y, geometry, partition, (shown_x, fine_y), std)
        return KSpaceSeries(label, source, geometry, (shown_x, shown_y), True, notes)

    def section(index: int) -> Readouts:
        kspace, counts = volume()
        # what lies along the readout is an image now; a line of the section runs along the partitions
        lines = np.ascontiguousarray(kspace[..., index].transpose(1, 2, 0))
        return Readouts(lines, np.ascontiguousarray(counts.max(axis=2).T))

    source = KSpace(shown_x, coils, z, y, geometry, section, (fine_z, fine_y), std)
    return KSpaceSeries(label, source, geometry, (shown_z, shown_y), False, notes, reoriented=_readout_last)


def _readout_last(stack: FloatImage) -> FloatImage:
    """(x, z, y) to (z, y, x)."""
    return np.ascontiguousarray(stack.transpose(1, 2, 0))


def _padded(kspace: ComplexImage, length: int, axis: int) -> ComplexImage:
    """Zeros about k-space along an axis, its centre at n // 2; pixel values stay."""
    side = kspace.shape[axis]
    if length == side:
        return kspace
    before = length // 2 - side // 2
    width = [(0, 0)] * kspace.ndim
    width[axis] = (before, length - side - before)
    return np.pad(kspace, width) * np.float32(np.sqrt(length / side))
