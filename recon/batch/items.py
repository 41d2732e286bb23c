"""What is processed as one: files that belong together, a task, a result folder."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LONGEST_NAME = 100


@dataclass(frozen=True)
class InputFile:
    """One file of an archive and what its header tells.

    Attributes
    ----------
    path
        Absolute.
    size, mtime_ns
        When it was looked at; bytes, and ns since 1970.
    kind
        What it holds, a name of :class:`recon.io.formats.Content`; empty for a file that is no scan.
    group
        Files with the same group are one scan; empty for a file that belongs to none.
    identity
        Files of a group with the same identity may be copies.
    label
        What a person would call the scan.
    facts
        What deciding the task needs: modality, study, frame of reference, description.
    taken
        Date of the scan, ``YYYY-MM-DD``; empty when the file doesn't tell.
    pair, role
        Of a file that may be one half of a pair of contrast scans: what the halves share, and
        ``pre`` or ``low``.
    state, reason
        Of a file that belongs to no scan: ``skipped`` or ``failed``, and why.
    """

    path: Path
    size: int
    mtime_ns: int
    kind: str = ""
    group: str = ""
    identity: str = ""
    label: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    taken: str = ""
    pair: str = ""
    role: str = ""
    state: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Item:
    """One unit of work, as the ledger has it.

    Attributes
    ----------
    number
        Its row.
    key
        Stable over scans of the same archive.
    name
        Of its result folder.
    task, reason
        ``ct``, ``mr`` or ``contrast``, and why.
    files
        Inputs by role: ``""`` for all of a scan; ``pre`` and ``low`` for a pair.
    attempts
        Including the one under way.
    input_sha256
        Over names and contents of the inputs; empty until they were read.
    suspect
        How often a worker died over it; suspects run alone.
    """

    number: int
    key: str
    name: str
    task: str
    reason: str
    files: dict[str, list[Path]]
    attempts: int = 0
    input_sha256: str = ""
    suspect: int = 0

    @property
    def paths(self) -> list[Path]:
        """All input files."""
        return [path for files in self.files.values() for path in files]


@dataclass(frozen=True)
class Produced:
    """What an attempt made: the content of its ``report.json`` and the files of its folder.

    Attributes
    ----------
    report
        As :mod:`recon.quality.report` builds it.
    outputs
        Size in bytes and SHA-256 of each file, by its path inside the folder.
    """

    report: dict[str, Any]
    outputs: dict[str, tuple[int, str]]


def folder_name(label: str, key: str, taken: set[str]) -> str:
    """A folder name for people, distinct (on any file system) from those taken already.

    >>> folder_name("chest/CT 3", "k", set())
    'chest_CT_3'
    """
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "_", label).strip("._-") or "scan"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if len(plain) > _LONGEST_NAME:
        plain = f"{plain[: _LONGEST_NAME - 9]}_{digest[:8]}"
    name, length = plain, 6
    while name.lower() in taken or name.lower().startswith(("report.", "ledger.")):
        name, length = f"{plain}_{digest[:length]}", length + 4
    return name


def recorded(path: Path) -> str:
    """A path as text that any database and any page takes; what is not UTF-8 in it is shown as ``\\xff``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
