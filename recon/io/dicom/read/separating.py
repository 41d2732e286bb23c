"""Scans that lie at the same places, or interleave, told apart by the first attribute that does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from recon.io.dicom.read.geometry import along_normal, normal_of
from recon.io.dicom.read.group import Group, multiplicity, repeats
from recon.io.dicom.read.records import SliceRecord

_CENTRE_MM = 1.0


def separate(one: Group) -> list[Group]:
    """Split what lies at the same places, or interleaves, by the first attribute that tells it apart."""
    groups = [one]
    for name, criterion in _CRITERIA:
        groups = [part for each in groups for part in _split(each, name, criterion)]
    for each in groups:
        along = along_normal(each.records)
        order = np.lexsort((np.array([record.instance_number for record in each.records]), along))
        each.records = [each.records[index] for index in order]
        each.ambiguous = bool(repeats(each.records))
    return groups


def _split(one: Group, name: str, criterion: Callable[[Sequence[SliceRecord]], list[str]]) -> list[Group]:
    shared = repeats(one.records)
    if not shared and name not in _INTERLEAVING:
        return [one]
    labels = criterion(one.records)
    parts: dict[str, list[SliceRecord]] = defaultdict(list)
    for label, record in zip(labels, one.records, strict=True):
        parts[label].append(record)
    most = max(len(one.records) // 2, multiplicity(one.records)) if shared else len(one.records) // 2
    if not 1 < len(parts) <= most:
        return [one]
    if shared:
        if sum(repeats(part) for part in parts.values()) >= shared:
            return [one]
    elif not _interleaved(list(parts.values())):
        return [one]
    note = f"series {one.records[0].of.series} holds {len(parts)} scans, told apart by {name}; this is "
    return [
        Group(part, part=", ".join(filter(None, [one.part, f"{name} {label}"])), notes=[*one.notes, note + label])
        for label, part in parts.items()
    ]


def _interleaved(parts: list[list[SliceRecord]]) -> bool:
    """Whether two parts overlap along the normal by more than a slice or two at their ends."""
    normal = normal_of(parts[0][0])
    ranges = []
    for part in parts:
        along = np.sort(np.array([record.source.position for record in part]) @ normal)
        ranges.append((float(along[0]), float(along[-1]), float(np.median(np.diff(along))) if len(along) > 1 else 0.0))
    ranges.sort()
    reach, step = ranges[0][1], ranges[0][2]
    for start, end, other in ranges[1:]:
        if min(reach, end) - start > 1.01 * max(step, other):
            return True
        if end > reach:
            reach, step = end, other
    return False


def _centres(records: Sequence[SliceRecord]) -> list[str]:
    """Label by the place of the image within its plane; tilt moves it steadily and gives many labels."""
    of = records[0].of
    axes = np.array([of.orientation[:3], of.orientation[3:]])
    in_plane = np.array([record.source.position for record in records]) @ axes.T
    centres: list[npt.NDArray[np.float64]] = []
    labels = []
    for place in in_plane:
        found = next((i for i, c in enumerate(centres[:16]) if np.abs(c - place).max() < _CENTRE_MM), None)
        if found is None:
            found = len(centres)
            centres.append(place)
        labels.append(f"{centres[found][0]:.0f},{centres[found][1]:.0f} mm")
    return labels


def _times(records: Sequence[SliceRecord]) -> list[str]:
    """Label by time, cut at the longest pauses; one label when times don't tell."""
    times = np.array([record.time_s for record in records])
    wanted = multiplicity(records)
    if (times == 0).any() or wanted < 2:
        return [""] * len(records)
    steps = np.diff(np.sort(times))
    cuts = np.sort(np.argsort(steps)[-(wanted - 1) :])
    if len(cuts) < wanted - 1 or not (steps[cuts] > 0).all():
        return [""] * len(records)
    borders = (np.sort(times)[cuts] + np.sort(times)[cuts + 1]) / 2
    labels = [str(1 + int(np.searchsorted(borders, time))) for time in times]
    parts: dict[str, list[SliceRecord]] = defaultdict(list)
    for label, record in zip(labels, records, strict=True):
        parts[label].append(record)
    return labels if not any(repeats(part) for part in parts.values()) else [""] * len(records)


def _by(name: str) -> Callable[[Sequence[SliceRecord]], list[str]]:
    return lambda records: [str(getattr(record, name)) for record in records]


_CRITERIA: list[tuple[str, Callable[[Sequence[SliceRecord]], list[str]]]] = [
    ("acquisition number", _by("acquisition")),
    ("acquisition", _by("acquisition_uid")),
    ("temporal position", _by("phase")),
    ("stack", _by("stack")),
    ("image type", lambda records: [record.of.kind for record in records]),
    ("reconstruction diameter", lambda records: [record.of.diameter for record in records]),
    ("centre", _centres),
    ("settings", _by("settings")),
    ("slice thickness", _by("thickness")),
    ("time", _times),
]
_INTERLEAVING = {"acquisition number", "acquisition", "temporal position", "stack", "centre"}
