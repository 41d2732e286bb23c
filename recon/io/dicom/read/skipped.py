"""Files that give no slice, and what that means for the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from recon.errors import UnreadableInput


class Kind(Enum):
    """Why a file was left out."""

    OTHER = "other"
    """Not meant to be read: localizer, another modality, a report, recon's own result."""
    BROKEN = "broken"
    """A slice may be lost: truncated, damaged, without position."""
    UNSUPPORTED = "unsupported"
    """An image that is refused: no HU, a storage that can't be read."""


@dataclass(frozen=True)
class SkippedFile:
    """A file that is not part of any series.

    Attributes
    ----------
    path
        Of the file.
    reason
        One line.
    kind
        What it means: a command that met BROKEN or UNSUPPORTED files did not do everything.
    series_uid
        That the file says it belongs to; empty when unknown.
    """

    path: str
    reason: str
    kind: Kind = Kind.OTHER
    series_uid: str = ""


class Refused(UnreadableInput):
    """A file or frame can't be used as a slice.

    Parameters
    ----------
    problem
        One line that names the attribute.
    kind
        What it means for the outcome.
    """

    def __init__(self, problem: str, kind: Kind) -> None:
        super().__init__(problem)
        self.kind = kind


def first_line(error: BaseException) -> str:
    """First line of an error's text, at most 160 characters."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:160]
