"""Which slices make up one scan: by patient, study, series, place and reconstruction, then by acquisition and time."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from recon.io.dicom.read.geometry import SAME_PLACE_MM, along_normal, normal_of
from recon.io.dicom.read.kinds import CT, ImageKind
from recon.io.dicom.read.records import Belonging, SliceRecord
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
_CENTRE_MM = 1.0
_IDENTITY = ("patient", "patient_name", "study", "frame_of_reference", "kernel")


@dataclass
class Group:
    """Slices that belong together.

    Attributes
    ----------
    records
        In order along the normal.
    part
        What tells this group from others of the same series; empty when there are none.
    notes
        For a person.
    ambiguous
        Whether different slices lie at one place and no attribute tells them apart.
    """

    records: list[SliceRecord]
    part: str = ""
    notes: list[str] = field(default_factory=list)
    ambiguous: bool = False


def group(records: Iterable[SliceRecord], kind: ImageKind = CT) -> tuple[list[Group], list[SkippedFile]]:
    """Sort slices of one kind into scans.

    Returns
    -------
    tuple[list[Group], list[Skipped]]
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
        separated = [part for one in kept for part in _separate(one)]
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
        if len(members) >= _FEWEST_SINGLE and not _repeats(members) and _evenly(members):
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
        elif one is not largest and few and len(largest.records) >= 3 and (of.rows, of.columns) != (
            main.rows, main.columns,
        ):  # fmt: skip
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


def _separate(one: Group) -> list[Group]:
    """Split what lies at the same places, or interleaves, by the first attribute that tells it apart."""
    groups = [one]
    for name, criterion in _CRITERIA:
        groups = [part for each in groups for part in _split(each, name, criterion)]
    for each in groups:
        along = along_normal(each.records)
        order = np.lexsort((np.array([record.instance_number for record in each.records]), along))
        each.records = [each.records[index] for index in order]
        each.ambiguous = bool(_repeats(each.records))
    return groups


def _split(one: Group, name: str, criterion: Callable[[Sequence[SliceRecord]], list[str]]) -> list[Group]:
    repeats = _repeats(one.records)
    if not repeats and name not in _INTERLEAVING:
        return [one]
    labels = criterion(one.records)
    parts: dict[str, list[SliceRecord]] = defaultdict(list)
    for label, record in zip(labels, one.records, strict=True):
        parts[label].append(record)
    most = max(len(one.records) // 2, _multiplicity(one.records)) if repeats else len(one.records) // 2
    if not 1 < len(parts) <= most:
        return [one]
    if repeats:
        if sum(_repeats(part) for part in parts.values()) >= repeats:
            return [one]
    elif not _interleaved(list(parts.values())):
        return [one]
    note = f"series {one.records[0].of.series} holds {len(parts)} scans, told apart by {name}; this is "
    return [
        Group(part, part=", ".join(filter(None, [one.part, f"{name} {label}"])), notes=[*one.notes, note + label])
        for label, part in parts.items()
    ]


def _places(records: Sequence[SliceRecord]) -> npt.NDArray[np.int_]:
    """Number of the place of each slice; slices at the same place share it. Copies of a file count once."""
    along = along_normal(records)
    order = np.argsort(along, kind="stable")
    places = np.empty(len(records), int)
    places[order] = np.cumsum(np.concatenate([[0], np.diff(along[order]) >= SAME_PLACE_MM]))
    return places


def _repeats(records: Sequence[SliceRecord]) -> int:
    """How many slices lie where another one lies; copies of one instance do not count."""
    seen = {
        (int(place), record.instance or id(record), record.source.frame)
        for place, record in zip(_places(records), records, strict=True)
    }
    return len(seen) - len({place for place, _, _ in seen})


def _multiplicity(records: Sequence[SliceRecord]) -> int:
    return int(np.bincount(_places(records)).max())


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
    wanted = _multiplicity(records)
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
    return labels if not any(_repeats(part) for part in parts.values()) else [""] * len(records)


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
