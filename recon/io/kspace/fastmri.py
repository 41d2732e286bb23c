"""k-space in the layout of the fastMRI data set; Zbontar et al., arXiv:1811.08839."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from recon.arrays import Mask
from recon.errors import UnreadableInput, UnusableData
from recon.io.hdf5 import OpenFile, dataset
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd.attributes import series_attributes
from recon.io.mrd.header import HeaderEncoding, ScanHeader, parse_header
from recon.physics.oversampling import remove_oversampling, still_measured
from recon.values.readouts import KSpace, Readouts
from recon.volumes import ComplexImage, Geometry

_MOST_SLICE_BYTES = 2 * 2**30
_INFERRED = "the file has no mask: samples that are zero in every coil are taken for not measured"


def read(path: Path) -> list[KSpaceSeries]:
    """The one series of a file.

    Raises
    ------
    UnreadableInput
        When ``kspace`` has not the axes (slice, coil, ky, kx) or (slice, ky, kx), or is not complex.
    """
    source = OpenFile(path)
    with source.reading() as file:
        found = dataset(file, "kspace")
        assert found is not None
        shape, paired = _shape(found, path)
        slices, coils, rows, columns = shape
        mask = _mask(file, rows, columns, path)
        header, mark = _header(file, path), _fingerprint(found, paired)
        if dataset(file, "trajectory") is not None:
            raise UnreadableInput(
                f"{path}: has a trajectory, which this layout does not define; write the scan as ISMRMRD"
            )
    source.close()
    notes = [] if mask is not None else [_INFERRED]
    padding = None if header is None else _padding(header.encodings[0], columns)
    kept_rows = shown_rows = rows
    shown_columns, spacing = columns, (1.0, 1.0, 1.0)
    if header is None:
        notes.append("the file has no ISMRMRD header: pixels are taken to be 1 mm")
    else:
        encoding = header.encodings[0]
        field = encoding.encoded.field_mm
        spacing = field[1] / columns, field[0] / rows, encoding.recon.field_mm[2]
        shown_rows, shown_columns = (_cropped(side, encoding, axis) for side, axis in ((rows, 0), (columns, 1)))
        # the readout is free of aliasing: what is not shown need not be sent
        if shown_rows < rows and (rows - shown_rows) % 2 == 0 and rows % 2 == 0:
            kept_rows = shown_rows
            notes.append(f"readout oversampling removed: {rows} to {kept_rows} samples")

    def load(index: int) -> Readouts:
        with source.reading() as opened:
            data = dataset(opened, "kspace")
            assert data is not None
            kspace = _complex(data[index] if data.ndim > 2 + paired else data[()], paired).reshape(coils, rows, columns)
        if not np.isfinite(kspace).all():
            bad = int(kspace.size - np.isfinite(kspace).sum())
            raise UnusableData(f"{path}: slice {index} has {bad} NaN or infinite samples; export it again")
        if not kspace.any():
            raise UnusableData(f"{path}: slice {index} is zero everywhere; there is no signal: export it again")
        lines = kspace.transpose(2, 0, 1)  # from here on lines, coils, samples
        measured = _inferred(lines) if mask is None else _without_padding(mask, padding, lines)
        kept = still_measured(measured, kept_rows)
        samples = remove_oversampling(lines * measured[:, None], kept_rows) * kept[:, None]
        return Readouts(np.ascontiguousarray(samples), kept.astype(np.uint16))

    geometry = Geometry.from_spacing(*spacing)
    kspace = KSpace(slices, coils, kept_rows, columns, geometry, load)
    shown = shown_rows, shown_columns
    attributes = series_attributes(header, f"{path.absolute()} {mark}")
    return [KSpaceSeries("", kspace, geometry, shown, False, notes, first_rounded_down=True, attributes=attributes)]


def _cropped(side: int, encoding: HeaderEncoding, axis: int) -> int:
    """Pixels of ``side`` that are shown: the reconstructed matrix, at most all, as fastMRI crops."""
    wanted = encoding.recon.matrix[axis]
    pixel = encoding.encoded.field_mm[axis] / side
    shown = encoding.recon.field_mm[axis] / pixel
    # a reconstructed matrix with other pixels is a finer or coarser view of the same field
    return min(side, wanted if abs(shown - wanted) < 0.05 * wanted + 1 else max(1, int(shown + 0.5)))


def _shape(found: h5py.Dataset, path: Path) -> tuple[tuple[int, int, int, int], bool]:
    """(slices, coils, rows, columns), and whether real and imaginary part are the last axis."""
    kind, names = found.dtype.kind, found.dtype.names
    sides = tuple(int(side) for side in found.shape)
    paired = kind in "fiu" and len(sides) > 3 and sides[-1] == 2
    if kind != "c" and not paired and not (names and len(names) == 2):
        raise UnreadableInput(f"{path}: kspace has samples of type {found.dtype}; k-space is complex")
    if paired:
        sides = sides[:-1]
    if not 2 <= len(sides) <= 4:
        raise UnreadableInput(f"{path}: kspace has shape {found.shape}; (slice, coil, ky, kx) is expected")
    if min(sides) < 1:
        raise UnreadableInput(f"{path}: kspace has shape {found.shape}; no slice, coil or line may be missing")
    size = 8 * math.prod(sides[1:] if len(sides) > 2 else sides)
    if size > _MOST_SLICE_BYTES:
        raise UnreadableInput(f"{path}: kspace has shape {found.shape}; a slice larger than 2 GiB is too large")
    if len(sides) == 2:
        return (1, 1, *sides), paired
    if len(sides) == 3:
        return (sides[0], 1, *sides[1:]), paired
    return (sides[0], sides[1], sides[2], sides[3]), paired


def _fingerprint(found: h5py.Dataset, paired: bool) -> str:
    """What tells this scan from another: one line through the middle of k-space, where signal and noise are."""
    try:
        line = found[tuple(side // 2 for side in found.shape[: -2 if paired else -1])]
    except (OSError, RuntimeError):  # damaged: whoever wants that slice is told so
        return ""
    return hashlib.sha256(np.ascontiguousarray(line).tobytes()).hexdigest()


def _complex(values: Any, paired: bool) -> ComplexImage:
    if paired:
        return np.asarray(values[..., 0] + 1j * values[..., 1], np.complex64)
    if values.dtype.names:
        real, imaginary = values.dtype.names
        return np.asarray(values[real] + 1j * values[imaginary], np.complex64)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and that is refused by name
        return np.asarray(values, np.complex64)


def _padding(encoding: HeaderEncoding, columns: int) -> Mask | None:
    """Which lines the header says were measured: the others are filled up with zeros; None where it doesn't say."""
    if encoding.steps is None:
        return None
    first = columns // 2 - encoding.centre[0] + encoding.steps[0]
    last = columns // 2 - encoding.centre[0] + encoding.steps[1]
    at = np.arange(columns)
    return (at >= first) & (at <= last) if 0 <= first < last < columns else None


def _inferred(lines: ComplexImage) -> Mask:
    """(lines, samples) of what was measured, where no mask says it: the layout fills with zeros what was not."""
    return np.asarray((lines != 0).any(axis=1))


def _without_padding(mask: Mask, padding: Mask | None, lines: ComplexImage) -> Mask:
    """(lines, samples) of the file's mask, without the lines that the header calls padding where they are empty."""
    if padding is None or lines[~padding].any():
        return mask
    return np.asarray(mask & padding[:, None])


def _mask(file: h5py.File, rows: int, columns: int, path: Path) -> Mask | None:
    """(lines, samples), which the file has as (columns,) or (rows, columns); None where it has none."""
    found = dataset(file, "mask")
    if found is None:
        return None
    mask = np.asarray(found[()]) != 0
    if mask.shape not in ((columns,), (rows, columns)):
        raise UnreadableInput(f"{path}: mask has shape {mask.shape}; ({columns},) or ({rows}, {columns}) is expected")
    return np.ascontiguousarray(np.broadcast_to(mask, (rows, columns)).T)


def _header(file: h5py.File, path: Path) -> ScanHeader | None:
    found = dataset(file, "ismrmrd_header")
    if found is None:
        return None
    text = found[()]
    return parse_header(text if isinstance(text, bytes) else str(text).encode(), str(path))
