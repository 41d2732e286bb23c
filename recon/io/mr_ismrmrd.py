"""ISMRMRD raw data: acquisitions with headers to the k-space of slices; Inati et al., MRM 77:411 (2017)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput, UnusableData
from recon.io.hdf5 import dataset, reading
from recon.io.mr_header import MrHeader, parse_header
from recon.io.mr_input import MrSeries
from recon.physics.coil_noise import whitening
from recon.physics.oversampling import remove_oversampling
from recon.volumes import ComplexImage, Geometry, KSpace

# bits of an acquisition's flags, from 0
_NOISE, _CALIBRATION_ONLY, _REVERSE, _NAVIGATION, _PHASE, _DUMMY, _FEEDBACK, _SURFACE = 18, 19, 21, 22, 23, 26, 27, 28
_MOST_VOLUME_BYTES = 8 * 2**30
_SERIES_COUNTERS = ("contrast", "phase", "repetition", "set")


@dataclass(frozen=True)
class _Scan:
    """What all slices of a file share."""

    path: Path
    header: MrHeader
    heads: Any
    coils: int
    whiten: ComplexImage | None

    @property
    def kept_x(self) -> int:
        """Readout samples after removal of the oversampling."""
        x = self.header.encoded.matrix[0]
        return int(min(x, 2 * round(x * self.header.kept[0] / 2)))


def read(path: Path) -> list[MrSeries]:
    """The series of a file: one for each contrast, phase, repetition and set.

    Raises
    ------
    UnreadableInput
        When the header contradicts the data, or the trajectory is not Cartesian.
    """
    with reading(path) as file:
        data, xml = dataset(file, "dataset/data"), dataset(file, "dataset/xml")
        if data is None or xml is None:
            raise UnreadableInput(f"{path}: has no dataset/data or no dataset/xml")
        if data.dtype.names is None or "head" not in data.dtype.names:
            raise UnreadableInput(f"{path}: dataset/data holds no acquisitions")
        text = xml[()] if xml.shape == () else xml[0]
        header = parse_header(text if isinstance(text, bytes) else str(text).encode(), str(path))
        heads = data.fields("head")[:]
        if header.trajectory != "cartesian":
            raise UnreadableInput(f"{path}: the trajectory is {header.trajectory}; this model needs cartesian data")
        if not len(heads):
            raise UnreadableInput(f"{path}: holds no acquisitions")
        flags = heads["flags"]
        noise = np.flatnonzero(_flag(flags, _NOISE))
        skipped = _flag(flags, _NOISE, _NAVIGATION, _PHASE, _DUMMY, _FEEDBACK, _SURFACE)
        imaging = np.flatnonzero(~skipped)
        if not len(imaging):
            raise UnreadableInput(f"{path}: has {len(heads)} acquisitions, none of them for imaging")
        coils = _check(heads, imaging, header, path)
        notes: list[str] = []
        whiten = _whitening(data, heads, noise, coils, notes)
    scan = _Scan(path, header, heads, coils, whiten)
    if scan.kept_x < header.encoded.matrix[0]:
        notes.append(f"readout oversampling removed: {header.encoded.matrix[0]} to {scan.kept_x} samples")
    if int(skipped.sum()) > len(noise):
        notes.append(f"{int(skipped.sum()) - len(noise)} acquisitions for navigation or phase correction left out")
    counters = np.stack([heads["idx"][name][imaging] for name in _SERIES_COUNTERS], 1)
    groups = np.unique(counters, axis=0)
    series = []
    for group in groups:
        members = imaging[(counters == group).all(1)]
        varying = [i for i in range(len(_SERIES_COUNTERS)) if len(np.unique(groups[:, i])) > 1]
        label = "_".join(f"{_SERIES_COUNTERS[i]}{group[i]}" for i in varying)
        volume = header.encoded.matrix[2] > 1
        series.append((_volume if volume else _slices)(scan, members, label, list(notes)))
    return series


def _flag(flags: npt.NDArray[np.uint64], *bits: int) -> npt.NDArray[np.bool_]:
    wanted = np.uint64(sum(1 << bit for bit in bits))
    return np.asarray((flags & wanted) != 0)


def _check(heads: Any, imaging: npt.NDArray[np.int64], header: MrHeader, path: Path) -> int:
    """Number of coils, after making sure that header and acquisitions agree."""
    used = heads[imaging]
    coils = np.unique(used["active_channels"])
    if len(coils) != 1 or coils[0] < 1:
        raise UnreadableInput(f"{path}: acquisitions have {', '.join(map(str, coils))} coils; all must have the same")
    x, y, z = header.encoded.matrix
    start, stop = _readout_range(used, x)
    if (start < 0).any() or (stop > x).any():
        worst = int(np.flatnonzero((start < 0) | (stop > x))[0])
        raise UnreadableInput(
            f"{path}: acquisition {imaging[worst]} has {used['number_of_samples'][worst]} samples about "
            f"{used['center_sample'][worst]}; the header's matrix has {x}"
        )
    for name, side, centre in zip(("kspace_encode_step_1", "kspace_encode_step_2"), (y, z), header.centre, strict=True):
        index = _position(used["idx"][name], side, centre)
        if (index < 0).any() or (index >= side).any():
            worst = int(np.flatnonzero((index < 0) | (index >= side))[0])
            raise UnreadableInput(
                f"{path}: acquisition {imaging[worst]} has {name} {used['idx'][name][worst]}; "
                f"the header's matrix has {side} with its centre at {centre}"
            )
    return int(coils[0])


def _readout_range(used: Any, x: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    start = x // 2 - used["center_sample"].astype(np.int64)
    return start + used["discard_pre"], start + used["number_of_samples"] - used["discard_post"]


def _position(step: Any, side: int, centre: int) -> npt.NDArray[np.int64]:
    return np.asarray(step.astype(np.int64) - centre + side // 2 if side > 1 else np.zeros_like(step, np.int64))


def _samples(data: h5py.Dataset, index: int, head: Any, path: Path) -> ComplexImage:
    """One acquisition (coils, samples), as if read forwards."""
    values = np.asarray(data[index]["data"], np.float32)
    coils, samples = int(head["active_channels"]), int(head["number_of_samples"])
    if values.size != 2 * coils * samples:
        raise UnreadableInput(
            f"{path}: acquisition {index} has {values.size // 2} samples; its header says {coils} x {samples}"
        )
    readout = values.view(np.complex64).reshape(coils, samples)
    return readout[:, ::-1] if _flag(head["flags"], _REVERSE) else readout


def _whitening(
    data: h5py.Dataset, heads: Any, noise: npt.NDArray[np.int64], coils: int, notes: list[str]
) -> ComplexImage | None:
    path = Path(data.file.filename)
    usable = [i for i in noise if heads["active_channels"][i] == coils]
    if not usable:
        return None
    samples = np.concatenate([_samples(data, int(i), heads[i], path) for i in usable], axis=1)
    try:
        matrix = whitening(samples)
    except UnusableData as error:
        notes.append(f"noise not whitened: {error.problem}")
        return None
    notes.append(f"noise whitened with {samples.shape[1]} samples of the noise scan")
    return matrix


def _grid(scan: _Scan, members: npt.NDArray[np.int64]) -> ComplexImage:
    """k-space (coils, kz, ky, kx) of acquisitions, repeated ones averaged, zero where not measured."""
    x, y, z = scan.header.encoded.matrix
    kspace = np.zeros((z, y, scan.coils, x), np.complex64)
    counts = np.zeros((z, y, x), np.int32)
    used = scan.heads[members]
    lines = _position(used["idx"]["kspace_encode_step_1"], y, scan.header.centre[0])
    planes = _position(used["idx"]["kspace_encode_step_2"], z, scan.header.centre[1])
    starts, stops = _readout_range(used, x)
    with reading(scan.path) as file:
        data = dataset(file, "dataset/data")
        assert data is not None
        for at, index in enumerate(members):
            head = used[at]
            readout = _samples(data, int(index), head, scan.path)
            inner = readout[:, int(head["discard_pre"]) : readout.shape[1] - int(head["discard_post"])]
            kspace[planes[at], lines[at], :, starts[at] : stops[at]] += inner
            counts[planes[at], lines[at], starts[at] : stops[at]] += 1
    if counts.max() > 1:
        kspace /= np.maximum(counts, 1)[:, :, None].astype(np.float32)
    kspace = kspace.transpose(2, 0, 1, 3)
    if scan.whiten is not None:
        kspace = np.tensordot(scan.whiten, kspace, 1)
    return kspace


def _slices(scan: _Scan, members: npt.NDArray[np.int64], label: str, notes: list[str]) -> MrSeries:
    """Two-dimensional acquisitions: one k-space per slice."""
    heads = scan.heads[members]
    numbers = np.unique(heads["idx"]["slice"])
    missing = sorted(set(range(int(numbers[-1]) + 1)) - set(map(int, numbers)))
    if missing:
        notes.append(f"slices missing: {', '.join(map(str, missing))}")
    _, y, _ = scan.header.encoded.matrix
    shown = scan.kept_x, int(min(y, 2 * round(y * scan.header.kept[1] / 2)))

    def load(index: int) -> ComplexImage:
        own = members[heads["idx"]["slice"] == numbers[index]]
        return remove_oversampling(np.ascontiguousarray(_grid(scan, own)[:, 0].transpose(0, 2, 1)), scan.kept_x)

    firsts = [heads[int(np.flatnonzero(heads["idx"]["slice"] == number)[0])] for number in numbers]
    geometry = _geometry(scan, firsts, shown)
    source = KSpace(len(numbers), scan.coils, scan.kept_x, y, geometry, load)
    return MrSeries(label, source, geometry, shown, True, notes)


def _volume(scan: _Scan, members: npt.NDArray[np.int64], label: str, notes: list[str]) -> MrSeries:
    """Three-dimensional acquisitions: slices across complete partitions, else across the readout."""
    x, y, z = scan.header.encoded.matrix
    if 8 * scan.coils * x * y * z > _MOST_VOLUME_BYTES:
        raise UnreadableInput(f"{scan.path}: a volume of {x}x{y}x{z} with {scan.coils} coils is larger than 8 GiB")
    heads = scan.heads[members]
    sampled = np.zeros((z, y), bool)
    sampled[
        _position(heads["idx"]["kspace_encode_step_2"], z, scan.header.centre[1]),
        _position(heads["idx"]["kspace_encode_step_1"], y, scan.header.centre[0]),
    ] = True
    across_partitions = bool((sampled == sampled[:1]).all())
    notes.append(f"3D scan, slices across the {'partitions' if across_partitions else 'readout'}")
    cache: list[ComplexImage] = []
    shown_y = int(min(y, 2 * round(y * scan.header.kept[1] / 2)))

    def volume() -> ComplexImage:
        if not cache:
            kspace = remove_oversampling(_grid(scan, members), scan.kept_x, axis=-1)
            axis = 1 if across_partitions else 3
            shifted = np.fft.fftshift(
                np.fft.ifft(np.fft.ifftshift(kspace, axis), axis=axis, norm="ortho"), axis
            ).astype(np.complex64)
            if not across_partitions:
                shifted *= sampled[None, :, :, None]
            cache.append(shifted)
        return cache[0]

    base = _geometry(scan, [heads[0]], (scan.kept_x, shown_y))
    affine = base.affine.copy()
    depth = scan.header.encoded.field_mm[2] / z
    normal = affine[:3, 2] / np.linalg.norm(affine[:3, 2])
    affine[:3, 2] = normal * depth
    affine[:3, 3] -= normal * depth * (z // 2)
    if across_partitions:
        source = KSpace(
            z, scan.coils, scan.kept_x, y, Geometry(affine), lambda index: volume()[:, index].transpose(0, 2, 1)
        )
        return MrSeries(label, source, Geometry(affine), (scan.kept_x, shown_y), True, notes)
    # columns along the phase encoding, rows along the partitions, slices along the readout
    turned = affine[:, [1, 2, 0, 3]]
    source = KSpace(scan.kept_x, scan.coils, z, y, Geometry(turned), lambda index: volume()[..., index])
    return MrSeries(label, source, Geometry(turned), (z, shown_y), False, notes)


def _geometry(scan: _Scan, firsts: list[Any], shown: tuple[int, int]) -> Geometry:
    """Columns along the readout, rows along the phase encoding; ISMRMRD positions are slice centres in LPS."""
    field, matrix = scan.header.encoded.field_mm, scan.header.encoded.matrix
    kept = scan.kept_x
    spacing = field[0] / matrix[0], field[1] / matrix[1]
    head = firsts[0]
    axes = [np.asarray(head[name], float) for name in ("read_dir", "phase_dir", "slice_dir")]
    if any(abs(np.linalg.norm(axis) - 1) > 0.05 for axis in axes):  # not set by the scanner's converter
        axes = list(np.eye(3))
    first, last = (np.asarray(item["position"], float) for item in (firsts[0], firsts[-1]))
    step = axes[2] * field[2]
    if len(firsts) > 1 and np.linalg.norm(last - first) > 1e-3:
        step = (last - first) / (len(firsts) - 1)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = axes[0] * spacing[0], axes[1] * spacing[1], step
    affine[:3, 3] = first - affine[:3, 0] * (kept // 2) - affine[:3, 1] * (shown[1] // 2)
    return Geometry(affine)
