"""DICOM headers as they are met: without preamble, with decimal commas, numbers too long, text in any character set."""

from __future__ import annotations

import io
import math
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from recon.errors import UnreadableInput
from recon.io.dicom.read.skipped import Kind, Refused, first_line
from recon.io.inflate import inflated

_DICOM_NAMES = {".dcm", ".dicom", ".ima", ""}
#: Transfer syntaxes: deflated explicit little endian, and what is inside of it.
_DEFLATED, _PLAIN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1"
#: Where a meta header ends at the latest, and what of a deflated data set is searched for attributes.
_META_BYTES, _HEADER_BYTES = 4096, 16 * 2**20
_PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
_TEXT = {"AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"}
_TEXT_NUMBERS = {"DS", "IS", "UN", "LO", "SH", "CS", "ST", "LT", "UT", "UC", "AS"}


@contextmanager
def quietly() -> Iterator[None]:
    """pydicom warns of every value that breaks a rule; here they are expected and dealt with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_header(path: Path, tags: Sequence[BaseTag] | None = None) -> Dataset:
    """Read a file's header; pixels are left on disk.

    Parameters
    ----------
    path
        Of the file. A missing preamble or meta header is no hindrance.
    tags
        To read; by default everything.

    Raises
    ------
    Refused
        When it is no DICOM file, or one that can't be read.
    """
    try:
        _require_file(path)
        with path.open("rb") as plain, quietly():
            force = _without_preamble(path, plain.read(132))
            plain.seek(0)
            file = unfolded(path, plain, _HEADER_BYTES)
            found = read_partial(file, _at_pixels, force=force, specific_tags=list(tags) if tags else None)
            if file is not plain:  # sizes on disk say nothing of such a file
                found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
            return found
    except Refused:
        raise
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or first_line(error)}", Kind.BROKEN) from error
    except UnreadableInput as error:
        raise Refused(error.problem.removeprefix(f"{path}: "), Kind.BROKEN) from error
    except Exception as error:  # pydicom raises whatever it likes on damaged headers
        raise Refused(f"broken DICOM header: {first_line(error)}", Kind.BROKEN) from error


def unfolded(path: Path, file: BinaryIO, most: int | None = None) -> BinaryIO:
    """The file, or, where its data set is deflated, the same with the data set as it was before.

    pydicom would unfold a deflated data set whole, whatever its size, before it looks at the first attribute.

    Parameters
    ----------
    path
        Of the file.
    file
        Open at its beginning.
    most
        Bytes of the data set that are wanted; by default all.

    Raises
    ------
    UnreadableInput
        When the data set is damaged, or unfolds to far more than the file may hold.
    """
    start = file.read(_META_BYTES)
    file.seek(0)
    if start[128:132] != b"DICM" or _DEFLATED not in start:
        return file
    if start[132:140] != b"\x02\0\0\0UL\x04\0":
        raise UnreadableInput(f"{path}: deflated, and its meta header does not say where it ends")
    end = 144 + int.from_bytes(start[140:144], "little")
    meta = start[:end].replace(_DEFLATED, _PLAIN.ljust(len(_DEFLATED), b"\0"))
    return io.BytesIO(meta + inflated(path, end, most))


def _at_pixels(tag: BaseTag, representation: str | None, length: int) -> bool:
    return tag in _PIXELS


def _require_file(path: Path) -> None:
    """Refuse folders, devices and pipes, before one is opened."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        os.listdir(path)
        raise Refused("a folder, not a file", Kind.OTHER)
    if not stat.S_ISREG(mode):
        raise Refused("no regular file", Kind.OTHER)


def _without_preamble(path: Path, start: bytes) -> bool:
    """Whether a file starts with its data set or meta header at once; refuses what is no DICOM file."""
    expected = path.suffix.lower() in _DICOM_NAMES or path.suffix[1:].isdigit()
    kind = Kind.BROKEN if expected else Kind.OTHER
    if not start:
        raise Refused("an empty file", kind)
    if start[128:] == b"DICM":
        return False
    # a data set starts with group 2 or 8, in either byte order
    if len(start) >= 16 and start[:2] in (b"\x02\0", b"\x08\0", b"\0\x02", b"\0\x08") and 0 in start[2:8]:
        return True
    raise Refused("not a DICOM file", kind)


def text(dataset: Dataset, keyword: str) -> str:
    """An attribute as one line; several values are joined with a backslash, undecodable bytes replaced."""
    element = _element(dataset, keyword)
    if element is None:
        return ""
    representation, raw = _unconverted(element)
    value: object = raw
    if raw is None or not _is_plain(representation, raw):
        try:
            value = dataset[element.tag].value
        except Exception:  # an unknown character set, a number that is none
            value = raw if representation in _TEXT_NUMBERS | {"PN"} else None
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = "\\".join(part.rstrip() for part in value.decode("latin-1").replace("\0", " ").split("\\"))
    if isinstance(value, (MultiValue, list, tuple)):
        value = "\\".join(str(item) for item in value)
    line = str(value)
    return (line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)).strip()


def _is_plain(representation: str, raw: bytes) -> bool:
    """Whether bytes are text as they are, in every character set; pydicom's way takes ten times as long."""
    if representation == "PN" and b"=" in raw:
        return False
    return representation in ("DS", "IS") or (representation in _TEXT and raw.isascii() and b"\x1b" not in raw)


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Finite numbers of an attribute, whatever its VR; decimal commas are understood.

    Returns
    -------
    tuple[float, ...] | None
        ``count`` numbers, or None when the attribute is absent, empty or something else.
    """
    element = _element(dataset, keyword)
    if element is None:
        return None
    representation, raw = _unconverted(element)
    if raw is not None and representation in _TEXT_NUMBERS:
        parts = raw.decode("latin-1").strip("\0 ").split("\\")
        if len(parts) == 1 and count > 1 and parts[0].count(",") == count - 1:
            parts = parts[0].split(",")  # commas for backslashes
        parts = [part.strip("\0 ").replace(",", ".") for part in parts]
    else:
        try:
            value = dataset[element.tag].value
        except Exception:
            return None
        if value is None or isinstance(value, (str, bytes, Dataset)):
            parts = [] if value is None or not isinstance(value, str) else value.split("\\")
        else:
            parts = [str(item) for item in value] if isinstance(value, (MultiValue, list, tuple)) else [str(value)]
    try:
        found = tuple(float(part) for part in parts)
    except ValueError:
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """The one finite number of an attribute, or None."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """A whole number; ``default`` when absent or empty.

    Raises
    ------
    Refused
        When there is something else.
    """
    value = number(dataset, keyword)
    if value is None:
        if text(dataset, keyword):
            raise Refused(f"has {keyword} {text(dataset, keyword)[:32]!r}, which is no number", Kind.BROKEN)
        return default
    return int(value)


def functional_group(dataset: Dataset, frame: int, name: str) -> Dataset:
    """One functional group of a frame: its own, or else the shared one; empty when absent."""
    for sequence, index in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        groups = dataset.get(sequence)
        if isinstance(groups, pydicom.Sequence) and index < len(groups):
            found = groups[index].get(name)
            if isinstance(found, pydicom.Sequence) and len(found):
                return found[0]
    return Dataset()


def items(dataset: Dataset, name: str) -> list[Dataset]:
    """Items of a sequence; none when it is absent or no sequence."""
    value = dataset.get(name) if _element(dataset, name) is not None else None
    return list(value) if isinstance(value, pydicom.Sequence) else []


def _element(dataset: Dataset, keyword: str) -> RawDataElement | DataElement | None:
    """An attribute as it lies there; to ask pydicom for an absent one costs an exception."""
    return dataset.get_item(_tag(keyword))


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def _unconverted(element: RawDataElement | DataElement) -> tuple[str, bytes | None]:
    """VR and bytes of an attribute that was not converted yet; no bytes where it was."""
    if not isinstance(element, RawDataElement):
        return element.VR, None
    return element.VR if element.VR not in (None, "UN") else dictionary_VR(element.tag), element.value
