"""Slices that belong together, and how many of them lie at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from recon.io.dicom.read.geometry import SAME_PLACE_MM, along_normal
from recon.io.dicom.read.records import SliceRecord


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


def places(records: Sequence[SliceRecord]) -> npt.NDArray[np.int_]:
    """Number of the place of each slice; slices at the same place share it. Copies of a file count once."""
    along = along_normal(records)
    order = np.argsort(along, kind="stable")
    places = np.empty(len(records), int)
    places[order] = np.cumsum(np.concatenate([[0], np.diff(along[order]) >= SAME_PLACE_MM]))
    return places


def repeats(records: Sequence[SliceRecord]) -> int:
    """How many slices lie where another one lies; copies of one instance do not count."""
    seen = {
        (int(place), record.instance or id(record), record.source.frame)
        for place, record in zip(places(records), records, strict=True)
    }
    return len(seen) - len({place for place, _, _ in seen})


def multiplicity(records: Sequence[SliceRecord]) -> int:
    """How many slices lie at the place where most of them do."""
    return int(np.bincount(places(records)).max())
