"""The two scans of a contrast job, NIfTI or DICOM, as volumes with geometry and what their headers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recon.errors import UnreadableInput
from recon.io.dicom import ImageSeries, SeriesIndex, SliceSource, find_files, load
from recon.io.dicom.read.geometry import tilt_of
from recon.io.dicom.read.protocol import AcquisitionProtocol, differences, protocol_of
from recon.io.formats import Content, LeftOut, OpenedSlices, OpenedVolume, open_files
from recon.io.nifti import NiftiVolume
from recon.quality.verdict import Check, measure
from recon.volumes import Unit, Volume

_FEWEST = 5
#: MR has no gantry: a stack that leans has lost its place.
_MOST_TILT_DEGREES = 0.5
#: What of a series is refused here, since both scans are aligned as evenly spaced volumes.
_UNEVEN = ("series_gaps", "spacing_changes", "grouping")


@dataclass(frozen=True)
class ContrastScan:
    """One scan.

    Attributes
    ----------
    path
        As given: a file, or the folder of a series.
    files
        All files that are read, in the order of the slices.
    volume
        (slice, y, x), in the scanner's own unit.
    nifti
        The file, when it is one.
    sources
        Of each slice; empty for NIfTI.
    patient, frame_of_reference
        From the headers; empty for NIfTI.
    protocol
        What the headers say of the sequence.
    notes
        What a person should know.
    checks
        Of the series: files of it that can't be read.
    """

    path: Path
    files: tuple[Path, ...]
    volume: Volume
    nifti: NiftiVolume | None = None
    sources: tuple[SliceSource, ...] = ()
    patient: str = ""
    frame_of_reference: str = ""
    protocol: AcquisitionProtocol = field(default_factory=AcquisitionProtocol)
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class ContrastPair:
    """Scan before contrast and scan after the reduced dose; checks of their headers."""

    pre: ContrastScan
    low: ContrastScan
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


def read_pair(pre: Sequence[Path], low: Sequence[Path]) -> ContrastPair:
    """Read both scans, each a NIfTI file or the files and folders of one MR series.

    Raises
    ------
    UnreadableInput
        When a scan can't be read, both are the same file, or the headers name two patients.
    """
    if {path.resolve() for path in pre} & {path.resolve() for path in low}:
        raise UnreadableInput(f"{pre[0]}: given as both --pre and --low; two scans are needed")
    before, after = read_scan(pre), read_scan(low)
    if before.patient and after.patient and before.patient != after.patient:
        raise UnreadableInput(f"{low[0]}: belongs to another patient than {pre[0]}; choose two scans of one patient")
    notes = [f"pre: {note}" for note in before.notes] + [f"low: {note}" for note in after.notes]
    checks = [*before.checks, *after.checks]
    if before.protocol.is_known and after.protocol.is_known:
        checks.append(_same_protocol(before.protocol, after.protocol))
    return ContrastPair(before, after, tuple(notes), tuple(checks))


def _same_protocol(before: AcquisitionProtocol, after: AcquisitionProtocol) -> Check:
    """Whether both headers describe one sequence: what differs between sequences looks like enhancement."""
    found = differences(before, after)
    words = "; ".join(found)
    return measure(
        "same_protocol",
        float(len(found)),
        unit="",
        upper=0.0,
        message=words if found else "what the headers say of the two sequences differently",
        action="compare with the images, or scan both with one protocol",
    )


def read_scan(paths: Sequence[Path]) -> ContrastScan:
    """Read a NIfTI file, or the DICOM files of one MR series.

    Parameters
    ----------
    paths
        One NIfTI file, or DICOM files and folders; nothing beside them is read.

    Raises
    ------
    UnreadableInput
        When there is no such scan, or more than one.
    """
    path = paths[0] if len(paths) == 1 else paths[0].parent
    opened = list(open_files(find_files(paths), (Content.MR, Content.VOLUME)))
    left = [one for one in opened if isinstance(one, LeftOut)]
    volumes = [one for one in opened if isinstance(one, OpenedVolume)]
    series = [one.index for one in opened if isinstance(one, OpenedSlices)]
    if len(volumes) == 1 and not series:
        return _of_volume(path, volumes[0].files, volumes[0].read())
    if volumes:
        names = ", ".join(one.files[0].name for one in volumes[:3])
        held = f"{len(volumes)} volumes ({names})" + (" and DICOM series" if series else "")
        raise UnreadableInput(f"{path}: holds {held}; name the one that is meant")
    return _of_series(path, series, left)


def _of_volume(path: Path, files: tuple[Path, ...], nifti: NiftiVolume) -> ContrastScan:
    volume = Volume(nifti.volume.values, nifti.volume.geometry, Unit.ARBITRARY)
    if volume.shape[0] < _FEWEST:
        raise UnreadableInput(f"{path}: has {volume.shape[0]} slices; at least {_FEWEST} are needed")
    return ContrastScan(path, files, volume, nifti=nifti, notes=tuple(nifti.notes))


def _of_series(path: Path, found: Sequence[SeriesIndex], left: Sequence[LeftOut]) -> ContrastScan:
    reasons = Counter(one.reason for one in left)
    if not found:
        why = "; ".join(reason for reason, _ in reasons.most_common(3)) or "it is empty"
        raise UnreadableInput(f"{path}: holds no MR series ({why})")
    index = _only(found, path)
    series = load(index)
    _require_even(series, index, path)
    notes = [*series.notes, *(f"{count} files left out: {reason}" for reason, count in reasons.items())]
    others = [one for one in found if one is not index]
    notes += [f"series {other.number} left out: it has {len(other.records)} slices" for other in others]
    checks = [check for check in series.checks if check.name not in _UNEVEN]
    of, known = index.records[0].of, {item.path for item in index.lost}
    strays = [one for one in left if one.lost and one.path not in known]
    if strays and not index.lost:  # a file whose header can't be read may belong to the series
        checks = [
            measure(
                "slices_lost",
                float(len(strays)),
                unit="",
                upper=0.0,
                message="files that can't be read",
                action="fetch the series again; the report names them",
            )
        ]
    return ContrastScan(
        path,
        tuple(dict.fromkeys(source.path for source in series.sources)),
        series.volume,
        sources=tuple(series.sources),
        patient=of.patient,
        frame_of_reference=of.frame_of_reference,
        protocol=protocol_of(series.sources[0]),
        notes=tuple(notes),
        checks=tuple(checks),
    )


def _only(series: Sequence[SeriesIndex], path: Path) -> SeriesIndex:
    """The one series that has enough slices."""
    large = [one for one in series if len(one.records) >= _FEWEST]
    if len(large) == 1:
        return large[0]
    if len(series) == 1:
        raise UnreadableInput(f"{path}: has {len(series[0].records)} slices; at least {_FEWEST} are needed")
    held = "; ".join(dict.fromkeys(note for one in series for note in one.notes))[:200]
    raise UnreadableInput(
        f"{path}: holds {len(series)} MR series; give a folder with one" + (f" ({held})" if held else "")
    )


def _require_even(series: ImageSeries, index: SeriesIndex, path: Path) -> None:
    """Refuse what is no evenly spaced volume."""
    if any(check.name == "grouping" and check.value > 0 for check in series.checks):
        raise UnreadableInput(f"{path}: slices lie at the same place; give a folder with one series")
    if any(check.name in _UNEVEN and check.value > 0 for check in series.checks):
        words = "; ".join(series.notes[-3:])[:200]
        raise UnreadableInput(f"{path}: slices are missing or doubled ({words}); export the series again")
    tilt = tilt_of(index.records)
    if tilt > _MOST_TILT_DEGREES:
        raise UnreadableInput(
            f"{path}: the stack leans by {tilt:.1f} degrees against its slices, which an MR scan can't; "
            "export the series again"
        )
    if series.volume.geometry.impossible:
        raise UnreadableInput(f"{path}: {series.volume.geometry.impossible}")
