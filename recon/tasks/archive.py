"""What an archive shows of a scan before its pixels are read, and what a task says to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Scan:
    """Files of an archive that belong together.

    Attributes
    ----------
    path
        Of the first of them.
    kind
        ``dicom``, ``nifti`` or ``hdf5``.
    facts
        What the header says: of DICOM ``modality`` and ``class``.
    """

    path: Path
    kind: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A task's word on a scan.

    Attributes
    ----------
    taken
        Whether the scan is for it.
    reason
        Why, or why not; empty where it has nothing to say.
    """

    taken: bool = False
    reason: str = ""
