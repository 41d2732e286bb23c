"""What an archive shows of a scan before its pixels are read, and what a task says to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recon.values.content import Content


@dataclass(frozen=True)
class ArchivedScan:
    """Files of an archive that belong together.

    Attributes
    ----------
    path
        Of the first of them.
    content
        What they hold.
    detail
        What the format says of it, such as the name of a SOP class.
    """

    path: Path
    content: Content
    detail: str = ""


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
