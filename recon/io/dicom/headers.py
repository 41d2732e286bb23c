"""DICOM headers as they are met: without preamble, with decimal commas, numbers too long, text in any character set."""

from __future__ import annotations

import math
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from recon.io.dicom.skipped import Kind, Refused, first_line

_DICOM_NAMES = {".dcm", ".dicom", ".ima", ""}
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
    force = _without_preamble(path)
    try:
        with quietly():
            dataset = pydicom.dcmread(
                path, stop_before_pixels=True, force=force, specific_tags=list(tags) if tags else None
            )
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or first_line(error)}", Kind.BROKEN) from error
    except Exception as error:  # pydicom raises whatever it likes on damaged headers
        raise Refused(f"broken DICOM header: {first_line(error)}", Kind.BROKEN) from error
    return dataset


def _without_preamble(path: Path) -> bool:
    """Whether a file starts with its data set or meta header at once; refuses what is no DICOM file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)
            raise Refused("a folder, not a file", Kind.OTHER)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("no regular file", Kind.OTHER)
        with path.open("rb") as file:
            start = file.read(132)
    except OSError as error:
        raise Refused(f"can't be read: {error.strerror or error}", Kind.BROKEN) from error
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
    value: object = _raw(dataset, keyword, {"DS", "IS"})
    if value is None:
        try:
            value = dataset.get(keyword)
        except Exception:  # an unknown character set, a number that is none
            value = _raw(dataset, keyword, _TEXT_NUMBERS | {"PN"})
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("latin-1").replace("\0", " ")
    if isinstance(value, (MultiValue, list, tuple)):
        value = "\\".join(str(item) for item in value)
    return "".join(c if c.isprintable() else " " for c in str(value)).strip()


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Finite numbers of an attribute, whatever its VR; decimal commas are understood.

    Returns
    -------
    tuple[float, ...] | None
        ``count`` numbers, or None when the attribute is absent, empty or something else.
    """
    raw = _raw(dataset, keyword, _TEXT_NUMBERS)
    if isinstance(raw, bytes):
        parts = raw.decode("latin-1").strip("\0 ").split("\\")
        if len(parts) == 1 and count > 1 and parts[0].count(",") == count - 1:
            parts = parts[0].split(",")  # commas for backslashes
        parts = [part.strip("\0 ").replace(",", ".") for part in parts]
    else:
        try:
            value = dataset.get(keyword)
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
    value = dataset.get(name)
    return list(value) if isinstance(value, pydicom.Sequence) else []


def _raw(dataset: Dataset, keyword: str, representations: set[str]) -> bytes | None:
    """Bytes of an attribute with one of these VRs that was not converted yet."""
    tag = tag_for_keyword(keyword)
    element = dataset.get_item(tag) if tag is not None and tag in dataset else None
    if not isinstance(element, RawDataElement) or tag is None:
        return None
    known = element.VR if element.VR not in (None, "UN") else dictionary_VR(tag)
    return element.value if known in representations else None
