"""ISMRMRD raw data: the series that a scan's readouts make; Inati et al., MRM 77:411 (2017)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recon.arrays import IntegerArray
from recon.errors import UnreadableInput, UnusableData
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd import stack, trajectories, volume3d
from recon.io.mrd.acquisitions import (
    CALIBRATION_ONLY,
    FOREIGN,
    NOISE,
    SURFACE_COIL,
    Acquisitions,
)
from recon.io.mrd.attributes import series_attributes
from recon.io.mrd.header import ScanHeader, scan_header
from recon.io.mrd.lines import Grid
from recon.io.mrd.placement import same_orientation
from recon.io.mrd.source import FileSource, Source, collected
from recon.physics.coil_noise import bandwidth_ratio, central_density, whitening
from recon.volumes import ComplexImage

_COUNTERS = ("contrast", "phase", "repetition", "set")
_CARTESIAN = ("cartesian", "epi")
_MOST_SERIES = 10_000


def read(path: Path) -> list[KSpaceSeries]:
    """The series of an ISMRMRD file, read slice by slice as they are asked for.

    Raises
    ------
    UnreadableInput
        When it is not one, or :func:`series_of` can make nothing of it.
    """
    source = FileSource(path)
    acquisitions = source.acquisitions()
    series = series_of(source.header, acquisitions, f"{path.absolute()} {acquisitions.fingerprint}")
    source.close()
    return series


def read_source(source: Source) -> list[KSpaceSeries]:
    """The series of any source; one that is no file is collected in memory first."""
    acquisitions = collected(source)
    return series_of(source.header, acquisitions, f"{source.name} {acquisitions.fingerprint}")


def series_of(document: Any, acquisitions: Acquisitions, where: str) -> list[KSpaceSeries]:
    """The series of a scan: one for each encoding, contrast, phase, repetition, set and orientation.

    Parameters
    ----------
    document
        The header, an ``ismrmrd.xsd.ismrmrdHeader``.
    acquisitions
        The readouts.
    where
        What the scan is known by; identifiers of DICOM series are made from it.

    Raises
    ------
    UnreadableInput
        When the header contradicts the data, or the trajectory can't be told.
    """
    header, path = scan_header(document, acquisitions.name), acquisitions.name
    notes: list[str] = []
    imaging, calibration = _sorted(acquisitions, header, notes)
    heads = acquisitions.heads
    whiten, dwell = _whitening(acquisitions, imaging, notes)
    keys = np.stack([heads["encoding_space_ref"], *(heads["idx"][name] for name in _COUNTERS)], 1)
    names = ("encoding", *_COUNTERS)
    groups = np.unique(keys[imaging], axis=0)
    if len(groups) > _MOST_SERIES:
        raise UnreadableInput(f"{path}: has {len(groups)} series; at most {_MOST_SERIES} are read")
    varying = [i for i in range(len(names)) if len(np.unique(groups[:, i])) > 1]
    contrasts = 1 + int(groups[:, 1].max())
    found: list[KSpaceSeries] = []
    for key in groups:
        if key[0] >= len(header.encodings):
            raise UnreadableInput(
                f"{path}: acquisitions refer to encoding {key[0]}; the header describes {len(header.encodings)}"
            )
        encoding = header.encodings[int(key[0])]
        members = imaging[(keys[imaging] == key).all(1)]
        own = calibration[keys[calibration, 0] == key[0]]
        label = "_".join(f"{names[i]}{key[i]}" for i in varying)
        matrix = None if whiten is None else whiten / np.float32(_gain(heads, members, dwell))
        grid = Grid(acquisitions, encoding, matrix)
        cartesian = encoding.trajectory in _CARTESIAN and not trajectories.is_curved(acquisitions, members)
        if encoding.trajectory == "epi":
            notes = [*notes, "EPI lines without correction of the N/2 ghost"]
        attributes = series_attributes(
            header, where, int(key[0]), int(key[1]), contrasts, float(np.median(heads["sample_time_us"][members]))
        )
        for part, suffix in _orientations(heads, members):
            name = "_".join(filter(None, (label, suffix)))
            if cartesian:
                grid = grid.flattened(part)
                grid.check(part)
                extra = _matching(grid, part, own)
                make = volume3d.read if grid.encoding.encoded.matrix[2] > 1 else stack.read
                series = make(grid, part, extra, name, list(notes))
            else:
                series = trajectories.read(grid, part, name, list(notes))
            found.append(replace(series, attributes=attributes))
    return found


def _sorted(acquisitions: Acquisitions, header: ScanHeader, notes: list[str]) -> tuple[IntegerArray, IntegerArray]:
    """Readouts of the image and for calibration only, all with the image's coils."""
    heads, path = acquisitions.heads, acquisitions.name
    noise, foreign = acquisitions.flagged(NOISE), acquisitions.flagged(*FOREIGN)
    usable = ~noise & ~foreign
    if int((foreign & ~noise).sum()):
        notes.append(f"{int((foreign & ~noise).sum())} acquisitions for navigation, correction or feedback left out")
    only = acquisitions.flagged(CALIBRATION_ONLY)
    imaging = usable & ~only
    if not imaging.any():
        imaging, only = usable, np.zeros_like(usable)
    if not imaging.any():
        raise UnreadableInput(f"{path}: has {len(heads)} acquisitions, none of them for imaging")
    channels = heads["active_channels"]
    coils, counts = np.unique(channels[imaging], return_counts=True)
    wanted = header.coils if header.coils in coils else int(coils[int(np.argmax(counts))])
    if wanted < 1:
        raise UnreadableInput(f"{path}: acquisitions have zero coils; nothing was received")
    others = imaging & (channels != wanted)
    if (others & ~acquisitions.flagged(SURFACE_COIL)).any():
        raise UnreadableInput(
            f"{path}: acquisitions have {', '.join(map(str, coils))} coils; those of an image must have the same"
        )
    if int((usable & only).sum()):
        notes.append(
            f"{int((usable & only).sum())} separate calibration lines, used where they are like the image's own"
        )
    if others.any():
        notes.append(f"{int(others.sum())} acquisitions with another coil for the surface coils' correction left out")
    return np.flatnonzero(imaging & ~others), np.flatnonzero(usable & only & (channels == wanted))


def _matching(grid: Grid, members: IntegerArray, calibration: IntegerArray) -> IntegerArray:
    """The calibration lines that fit onto the grid and belong to slices of the image."""
    heads = grid.acquisitions.heads
    start, count = grid.starts(calibration)
    x, y, z = grid.encoding.encoded.matrix
    lines, planes = grid.place(calibration, 1), grid.place(calibration, 2)
    inside = (start >= 0) & (start + count <= x)
    inside &= (lines >= 0) & (lines < y) & (planes >= 0) & (planes < z)
    inside &= np.isin(heads["idx"]["slice"][calibration], np.unique(heads["idx"]["slice"][members]))
    # another contrast or repetition calibrates only those that have no lines of their own
    own = np.ones_like(inside)
    for name in _COUNTERS:
        own &= heads["idx"][name][calibration] == heads["idx"][name][members[0]]
    chosen = inside & own if (inside & own).any() else inside
    return calibration[chosen]


def _orientations(heads: Any, members: IntegerArray) -> list[tuple[IntegerArray, str]]:
    """Members by the orientation of their slice, as a scout's three planes."""
    slices = heads["idx"]["slice"][members]
    groups: list[tuple[Any, list[int]]] = []
    for number, first in zip(*np.unique(slices, return_index=True), strict=True):
        head = heads[members[first]]
        known = next((numbers for other, numbers in groups if same_orientation(other, head)), None)
        if known is None:
            groups.append((head, [int(number)]))
        else:
            known.append(int(number))
    if len(groups) == 1:
        return [(members, "")]
    return [(members[np.isin(slices, numbers)], f"orientation{i}") for i, (_, numbers) in enumerate(groups)]


def _gain(heads: Any, members: IntegerArray, noise_dwell: float) -> float:
    """What the spread of the members' noise is relative to the noise scan's, for equal receivers."""
    return float(np.sqrt(bandwidth_ratio(noise_dwell, float(np.median(heads["sample_time_us"][members])))))


def _whitening(
    acquisitions: Acquisitions, imaging: IntegerArray, notes: list[str]
) -> tuple[ComplexImage | None, float]:
    """Matrix for a scan with the noise scan's dwell time, and that time in us."""
    heads = acquisitions.heads
    coils = int(heads["active_channels"][imaging[0]])
    noise = np.flatnonzero(acquisitions.flagged(NOISE))
    usable = noise[heads["active_channels"][noise] == coils]
    if not len(usable):
        if len(noise):
            notes.append("noise scan of another coil left out; noise is not whitened")
        return None, 0.0
    readouts = [readout for _, readout in acquisitions.samples(usable)]
    samples = np.concatenate(readouts, axis=1)
    longest = max(readout.shape[1] for readout in readouts)
    density = central_density(np.stack([readout for readout in readouts if readout.shape[1] == longest]))
    try:
        matrix = whitening(samples, density)
    except UnusableData as error:
        notes.append(f"noise not whitened: {error.problem}")
        return None, 0.0
    dwell = float(np.median(heads["sample_time_us"][usable]))
    notes.append(f"noise whitened with {samples.shape[1]} samples of the noise scan, {dwell:g} us each")
    return matrix, dwell
