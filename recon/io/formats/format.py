"""What a format is: it recognises a file, says what it holds, and opens the scans of a set of files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from recon.arrays import FloatArray
from recon.io.dicom import SeriesIndex
from recon.io.kspace.series import KSpaceSeries
from recon.io.nifti import NiftiVolume
from recon.values.content import Content

__all__ = ["Content", "Format", "LeftOut", "Look", "OnFile", "Opened", "OpenedKSpace", "OpenedSlices", "OpenedVolume"]

#: What of a file's beginning is read to recognise it, bytes.
START_BYTES = 512
#: Told how many files have been read.
OnFile: TypeAlias = Callable[[int], None] | None


@dataclass(frozen=True)
class Look:
    """What one file is, told by its header; samples stay on disk.

    Attributes
    ----------
    content
        What it holds.
    scan
        Files with the same are one scan.
    identity
        Files of one scan with the same may be copies; empty where only the bytes tell.
    name
        What a person would call the scan, beside the folder that it lies in.
    words
        Name and description, which may say what the scan is for.
    study
        What scans that belong together share.
    detail
        Such as the name of a SOP class.
    taken
        Date of the scan, ``YYYY-MM-DD``; empty when the file doesn't tell.
    """

    content: Content
    scan: str
    identity: str
    name: str
    words: str
    study: str
    detail: str = ""
    taken: str = ""


@dataclass(frozen=True)
class OpenedSlices:
    """A DICOM series, known by its headers."""

    content: Content
    label: str
    files: tuple[Path, ...]
    index: SeriesIndex


@dataclass(frozen=True)
class OpenedVolume:
    """A volume in a file of its own; results are written as NIfTI in its geometry.

    Attributes
    ----------
    read
        Reads the samples; raises ``UnreadableInput``.
    few
        Reads some of them about the middle, (n,), to tell what they are; None where that takes reading all.
    """

    content: Content
    label: str
    files: tuple[Path, ...]
    read: Callable[[], NiftiVolume]
    few: Callable[[], FloatArray] | None = None

    def some_values(self) -> FloatArray:
        """Samples, (n,), that tell what the volume holds; raises ``UnreadableInput``."""
        return self.read().volume.values.ravel() if self.few is None else self.few()


@dataclass(frozen=True)
class OpenedKSpace:
    """k-space of one stack of slices."""

    content: Content
    label: str
    files: tuple[Path, ...]
    series: KSpaceSeries


#: A scan that a format found: what it is, its label among others of the same input, and its files.
Opened: TypeAlias = OpenedSlices | OpenedVolume | OpenedKSpace


@dataclass(frozen=True)
class LeftOut:
    """A file, or a folder, that gives no scan.

    Attributes
    ----------
    path
        Of it.
    reason
        One line.
    lost
        Whether a scan may be lost by it: damaged, refused, packed. Otherwise it is something else.
    """

    path: str
    reason: str
    lost: bool = False


class Format(Protocol):
    """A module that reads files of one format."""

    #: For a person.
    NAME: str
    #: Of file names, lower case, that are no part of a scan's name; a module may leave it out.
    ENDINGS: tuple[str, ...]
    #: Whether it takes files by a guess, or what others of its kind leave; such formats are asked last. A module that
    #: leaves it out knows its files for certain.
    GUESSES: bool

    def recognise(self, path: Path, start: bytes) -> bool:
        """Whether a file is of this format, by its first bytes and its name; raises nothing."""

    def look(self, path: Path) -> Look:
        """What a file is.

        Raises
        ------
        Refused
            When it gives no scan, with the kind of reason.
        UnreadableInput
            When it is damaged.
        """

    def open(
        self, paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
    ) -> Iterator[Opened | LeftOut]:
        """The scans of some files, and what was left out.

        Parameters
        ----------
        paths
            Files of this format.
        wanted
            Contents that the caller can use; scans of others are left out.
        on_file
            Told how many files have been read.
        """
