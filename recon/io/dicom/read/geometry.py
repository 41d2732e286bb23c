"""Where the slices of a series lie: order along the normal, affine, places where slices are missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recon.arrays import DoubleArray
from recon.io.dicom.read.records import SliceRecord
from recon.quality.verdict import Check, measure
from recon.volumes import Geometry

#: Slices closer than this along the normal lie at the same place, mm.
SAME_PLACE_MM = 0.01
_TILT_DEGREES = 0.5
_LONG = 1.4
#: Positions are often rounded to a tenth of a millimetre; a slice further aside lies on no common line.
_ASIDE_MM = 0.5


def normal_of(record: SliceRecord) -> DoubleArray:
    """Unit normal of the image plane, LPS."""
    normal = np.cross(record.of.orientation[:3], record.of.orientation[3:])
    return normal / np.linalg.norm(normal)


def along_normal(records: Sequence[SliceRecord]) -> DoubleArray:
    """Place of each slice along the normal of the first, mm."""
    positions = np.array([record.source.position for record in records])
    return positions @ normal_of(records[0])


def geometry_of(records: Sequence[SliceRecord]) -> Geometry:
    """Affine of slices in order; gantry tilt is its shear."""
    first = records[0]
    affine = np.eye(4)
    positions = np.array([record.source.position for record in records])
    distinct = 1 + int((np.diff(along_normal(records)) >= SAME_PLACE_MM).sum())
    across, down = np.array(first.of.orientation[:3]), np.array(first.of.orientation[3:])
    affine[:3, 0] = across / np.linalg.norm(across) * first.of.spacing[1]
    affine[:3, 1] = down / np.linalg.norm(down) * first.of.spacing[0]
    if distinct > 1:
        affine[:3, 2] = (positions[-1] - positions[0]) / (distinct - 1)
    else:
        affine[:3, 2] = normal_of(first) * (first.thickness if first.thickness > 0 else 1.0)
    affine[:3, 3] = positions[0]
    return Geometry(affine)


def spacing_notes(records: Sequence[SliceRecord]) -> tuple[list[str], list[Check]]:
    """What is odd about the distances of slices in order, in words and as checks.

    A longer step that stands alone is a gap; shorter steps, and longer ones in a row, are a change of
    the spacing.
    """
    along = along_normal(records)
    along = along[np.concatenate([[True], np.diff(along) >= SAME_PLACE_MM])]
    steps = np.diff(along)
    notes: list[str] = []
    gaps = changes = 0
    if len(steps) >= 2:
        usual = float(np.median(steps))
        # positions are often rounded to a tenth of a millimetre
        tolerance = max(0.1 * usual, min(0.11, 0.45 * usual))
        odd = np.abs(steps - usual) > tolerance
        for index in np.flatnonzero(odd):
            step = float(steps[index])
            around = [float(steps[i]) for i in (index - 1, index + 1) if 0 <= i < len(steps)]
            in_a_row = any(abs(other - step) <= tolerance for other in around)
            if step > _LONG * usual and not in_a_row:
                gaps += 1
                missing = max(1, round(step / usual) - 1)
                notes.append(f"slices missing: {missing} between {along[index]:.1f} and {along[index + 1]:.1f} mm")
            else:
                changes += 1
        if changes:
            sizes = ", ".join(f"{step:g}" for step in dict.fromkeys(np.round(steps, 2).tolist()))
            notes.append(f"spacing changes: slices lie {sizes[:80]} mm apart")
    aside = _aside(records)
    if aside:
        changes += aside
        notes.append(f"{aside} slices lie aside of the line through the others")
    tilt = tilt_of(records)
    if tilt > _TILT_DEGREES:
        notes.append(f"gantry tilt of {tilt:.1f} degrees")
    return notes, [
        measure(
            "series_gaps",
            float(gaps),
            unit="",
            upper=0.0,
            message="places where slices are missing",
            action="fetch the series again; what lies in the gaps is not shown",
        ),
        measure(
            "spacing_changes",
            float(changes),
            unit="",
            upper=0.0,
            message="steps unlike the usual distance",
            action="distances along the slices are wrong in a volume of it; measure in the slices alone",
        ),
    ]


def _aside(records: Sequence[SliceRecord]) -> int:
    """How many slices lie aside of the line that most of them follow."""
    along = along_normal(records)
    if len(records) < 3 or along[-1] - along[0] < SAME_PLACE_MM:
        return 0
    positions = np.array([record.source.position for record in records])
    slopes = np.diff(positions, axis=0) / np.maximum(np.diff(along), SAME_PLACE_MM)[:, None]
    line = positions - along[:, None] * np.median(slopes[np.diff(along) >= SAME_PLACE_MM], axis=0)
    # rounded positions give a slope that is a little wrong: a drift counts for nothing, a jump does
    middle = np.median(line, axis=0)
    drift = np.linalg.norm(np.median(np.abs(line - middle), axis=0))
    return int((np.linalg.norm(line - middle, axis=1) > _ASIDE_MM + 4 * drift).sum())


def tilt_of(records: Sequence[SliceRecord]) -> float:
    """Angle between the stack and the normal, degrees."""
    run = np.array(records[-1].source.position) - np.array(records[0].source.position)
    length = float(np.linalg.norm(run))
    if length < SAME_PLACE_MM:
        return 0.0
    return float(np.degrees(np.arccos(np.clip(run @ normal_of(records[0]) / length, -1, 1))))
