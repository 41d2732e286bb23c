"""Which slices make up one scan: by patient, study, series, place and reconstruction, then by acquisition and time."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from recon.io.dicom.read.geometry import along_normal, normal_of
from recon.io.dicom.read.group import Group, repeats
from recon.io.dicom.read.kinds import CT, ImageKind
from recon.io.dicom.read.records import Belonging, SliceRecord
from recon.io.dicom.read.separating import separate
from recon.io.dicom.read.skipped import Kind, SkippedFile

#: Directions and pixel spacings differ in the last digits from slice to slice.
_ANGLE = 5e-3
_SPACING = 5e-3
#: Most images of a mislabelled localizer, and how few they are beside the stack that they are filed with.
_MOST_SCOUTS, _SCOUT_SHARE = 9, 0.25
#: Fewest series of one slice that can be one series whose UID changes from slice to slice.
_FEWEST_SINGLE = 3
#: A slice turned by more than this lies across the others.
_ACROSS = 0.35
_IDENTITY = ("patient", "patient_name", "study", "frame_of_reference", "kernel")


def group(records: Iterable[SliceRecord], kind: ImageKind = CT) -> tuple[list[Group], list[SkippedFile]]:
    """Sort slices of one kind into scans.

    Returns
    -------
    tuple[list[Group], list[SkippedFile]]
        Scans, and slices left out because they lie across all others of their series.
    """
    groups: list[Group] = []
    skipped: list[SkippedFile] = []
    for members, joined in _by_series(records):
        found = _by_belonging(members)
        kept, strays = _without_strays(found, kind)
        skipped += [
            SkippedFile(str(record.source.path), f"{reason}, not a slice", Kind.OTHER, record.of.series)
            for record, reason in strays
        ]
        separated = [part for one in kept for part in separate(one)]
        for one in separated:
            if len(kept) > 1:
                one.notes.insert(0, f"series {members[0].of.series} holds {len(kept)} scans; this is one of them")
            if joined:
                one.notes.insert(
                    0,
                    f"SeriesInstanceUID differs from slice to slice; {len(one.records)} slices were taken for one "
                    "series by number, description and place",
                )
            if strays:
                names = ", ".join(sorted({record.source.path.name for record, _ in strays})[:5])
                one.notes.append(f"left out of the same series: {names}")
        groups += separated
    return groups, skipped


def _by_series(records: Iterable[SliceRecord]) -> list[tuple[list[SliceRecord], bool]]:
    """Slices of one SeriesInstanceUID, and whether they are series of one slice each that were joined to one."""
    series: dict[str, list[SliceRecord]] = defaultdict(list)
    for record in records:
        series[record.of.series].append(record)
    alike: dict[Belonging, list[SliceRecord]] = defaultdict(list)
    for members in series.values():
        if len(members) == 1 and members[0].of.study:
            alike[replace(members[0].of, series="")].append(members[0])
    joined: list[tuple[list[SliceRecord], bool]] = []
    for members in alike.values():
        if len(members) >= _FEWEST_SINGLE and not repeats(members) and _evenly(members):
            joined.append((members, True))
            for record in members:
                del series[record.of.series]
    return [*((members, False) for members in series.values()), *joined]


def _evenly(records: Sequence[SliceRecord]) -> bool:
    """Whether slices make one stack, but for a few that are missing."""
    steps = np.diff(np.sort(along_normal(records)))
    usual = float(np.median(steps))
    return bool((np.abs(steps - usual) < 0.1 * usual + 0.1).mean() > 0.8)


def _by_belonging(members: list[SliceRecord]) -> list[Group]:
    """Split by what is certain: identity, kernel, matrix, and within tolerance direction and spacing."""
    usable = _telling(members)
    buckets: dict[tuple[Hashable, ...], list[list[SliceRecord]]] = defaultdict(list)
    clusters: dict[Belonging, list[SliceRecord]] = {}
    for record in members:
        of = record.of
        known = clusters.get(of)
        if known is None:
            key = (*(usable(of, name) for name in _IDENTITY), of.rows, of.columns)
            known = next((c for c in buckets[key] if _close(c[0].of, of)), None)
            if known is None:
                known = []
                buckets[key].append(known)
            clusters[of] = known
        known.append(record)
    found = [cluster for bucket in buckets.values() for cluster in bucket]
    result = []
    for cluster in found:
        first = cluster[0].of
        differing = [
            f"{name} {value if name == 'kernel' else hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:6]}"
            for name in ("kernel", "patient")  # names of folders must not tell who it is
            for value in [usable(first, name)]
            if value and len({usable(other[0].of, name) for other in found}) > 1
        ]
        result.append(Group(cluster, part=", ".join(differing)))
    return result


def _telling(members: list[SliceRecord]) -> Callable[[Belonging, str], str]:
    """Values that tell scans apart: a value that is absent joins the only one there is."""
    distinct = {record.of for record in members}
    fill: dict[str, str] = {}
    ignored: set[str] = set()
    for name in _IDENTITY:
        values = Counter(getattr(of, name) for of in (record.of for record in members))
        given = [value for value in values if value]
        if len(given) == 1:
            fill[name] = given[0]
        # an anonymiser that makes a new frame of reference for every file tells nothing
        if name == "frame_of_reference" and len(distinct) > 2 and max(values.values()) == 1:
            ignored.add(name)

    def value(of: Belonging, name: str) -> str:
        return "" if name in ignored else getattr(of, name) or fill.get(name, "")

    return value


def _close(one: Belonging, other: Belonging) -> bool:
    return bool(
        np.allclose(one.orientation, other.orientation, atol=_ANGLE, rtol=0)
        and np.allclose(one.spacing, other.spacing, atol=0, rtol=_SPACING)
    )


def _without_strays(groups: list[Group], kind: ImageKind) -> tuple[list[Group], list[tuple[SliceRecord, str]]]:
    """Take out single slices that lie across a stack, or have another size: mislabelled localizers and pages."""
    largest = max(groups, key=lambda one: len(one.records))
    kept: list[Group] = []
    strays: list[tuple[SliceRecord, str]] = []
    main, normal = largest.records[0].of, normal_of(largest.records[0])
    for one in groups:
        of, reason = one.records[0].of, ""
        single = one.records[0].source.frame is largest.records[0].source.frame is None
        few = len(one.records) <= 2 and single
        derived = of.kind.startswith("DERIVED")
        scouts = single and not derived and len(one.records) <= min(_MOST_SCOUTS, _SCOUT_SHARE * len(largest.records))
        across = float(np.linalg.norm(np.cross(normal_of(one.records[0]), normal))) > _ACROSS
        if one is not largest and (few or scouts) and across and len(largest.records) > len(one.records):
            reason = f"lies across the other {len(largest.records)} slices of its series: a localizer"
        elif one is not largest and few and len(largest.records) >= 3 and not _same_size(of, main):
            size = f"{of.rows}x{of.columns}"
            reason = f"is {size} beside {len(largest.records)} slices of {main.rows}x{main.columns}: a localizer"
        elif (
            few and kind is CT and not derived and len(one.records) == 1 and abs(normal_of(one.records[0])[2]) < _ACROSS
        ):
            reason = "a single coronal or sagittal image: a localizer"
        if reason:
            strays += [(record, reason) for record in one.records]
        else:
            kept.append(one)
    return kept, strays


def _same_size(one: Belonging, other: Belonging) -> bool:
    return (one.rows, one.columns) == (other.rows, other.columns)
