"""Attributes copied from a source: text as bytes in its character set, the rest only when it can be written."""

from __future__ import annotations

import re

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import format_number_as_ds

from recon.io.dicom.read.headers import quietly

_TEXT = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
_LONG = {"UC", "UR", "UT"}
_LONGEST_SHORT = 0xFFFE
_DEEPEST = 6
_LARGEST_IS = 2**31 - 1
_KEPT_UIDS = {tag_for_keyword("StudyInstanceUID"), tag_for_keyword("FrameOfReferenceUID")}
_PIXELS, _OVERLAY_DATA = 0x7FE0, 0x3000


def copied(source: Dataset, depth: int = 0) -> Dataset:
    """A data set for explicit little endian with the public attributes of another one.

    Text is copied byte for byte, whatever its character set. Numbers that break the rules are put
    right where their meaning is clear; what can't be written is left out, as are private attributes,
    pixels, and overlays that lie in the unused bits of the pixels.

    Parameters
    ----------
    source
        As it was read; its values should not have been looked at, since pydicom decodes them then.
    depth
        Of the sequence that ``source`` is an item of.
    """
    target = Dataset()
    tags = sorted(source.keys())
    overlays = {tag.group for tag in tags if tag.element == _OVERLAY_DATA}
    for tag in tags:
        overlay = 0x6000 <= tag.group <= 0x60FF
        if tag.is_private or tag.element == 0 or tag.group < 8 or tag.group == _PIXELS or 0x5000 <= tag.group <= 0x50FF:
            continue
        if overlay and tag.group not in overlays:
            continue
        try:
            with quietly():
                element = _element(source, tag, depth)
        except Exception:  # noqa: S112 - one attribute that can't be understood must not cost the image
            continue
        if element is not None:
            target[tag] = element
    return written_as(target)


def written_as(dataset: Dataset) -> Dataset:
    """Tell pydicom that raw elements of a data set are explicit little endian, so that it leaves them alone."""
    dataset.set_original_encoding(False, True, dataset._character_set)
    return dataset


def raw_text(keyword: str, vr: str, value: bytes) -> RawDataElement:
    """An element that holds text as bytes."""
    return _raw(Tag(keyword), vr, value)


def text_bytes(dataset: Dataset, keyword: str) -> bytes:
    """Bytes of a text attribute of :func:`copied`; empty when absent."""
    element = dataset.get_item(keyword) if keyword in dataset else None
    return element.value.rstrip(b" \0") if isinstance(element, RawDataElement) and element.value else b""


def _raw(tag: BaseTag, vr: str, value: bytes) -> RawDataElement:
    if len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    return RawDataElement(tag, vr, len(value), value, 0, False, True)


def _element(source: Dataset, tag: BaseTag, depth: int) -> RawDataElement | DataElement | None:
    element = source.get_item(tag)
    if element is None:
        return None
    vr = _representation(tag, element.VR)
    if vr is None:
        return None
    if vr == "SQ":
        if depth >= _DEEPEST:
            return None
        value = source[tag].value
        return DataElement(tag, "SQ", Sequence([copied(item, depth + 1) for item in value]))
    if isinstance(element, RawDataElement) and vr in _TEXT:
        raw = element.value or b""
        if not isinstance(raw, bytes) or (len(raw) > _LONGEST_SHORT and vr not in _LONG):
            return None
        valid = _VALID.get(vr, _as_it_is)(raw)
        if valid is None and tag in _KEPT_UIDS and raw.isascii() and raw.strip(b" \0"):
            valid = raw
        return None if valid is None else _raw(tag, vr, valid)
    converted = source[tag]
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    plain = DataElement(tag, vr, converted.value)
    write_data_element(buffer, plain)
    return plain


def _representation(tag: BaseTag, stated: str | None) -> str | None:
    """The value representation to write, which is the standard's: readers refuse a file for another; None for none."""
    told = None if stated == "UN" else stated
    try:
        known = dictionary_VR(tag).split(" or ")
    except KeyError:
        return told
    if told in known:
        return told
    if len(known) > 1:
        return None  # depends on other attributes
    return known[0] if told is None or (told in _TEXT and known[0] in _TEXT) else None


def _as_it_is(raw: bytes) -> bytes:
    return raw


def _valid_ds(raw: bytes) -> bytes | None:
    def one(part: bytes) -> bytes:
        word = part.strip(b" \0")
        value = float(word.replace(b",", b".")) if word else 0.0
        plain = re.fullmatch(rb"[-+0-9.eE]*", word) is not None and len(word) <= 16
        return word if plain else format_number_as_ds(value).encode()

    return _each(raw, one)


def _valid_is(raw: bytes) -> bytes | None:
    def one(part: bytes) -> bytes:
        word = part.strip(b" \0")
        if not word:
            return word
        value = float(word)
        if value != int(value) or abs(value) > _LARGEST_IS:
            raise ValueError("no integer string")
        return word if re.fullmatch(rb"[-+]?[0-9]{1,11}", word) else str(int(value)).encode()

    return _each(raw, one)


def _valid_ui(raw: bytes) -> bytes | None:
    def one(part: bytes) -> bytes:
        word = part.strip(b" \0")
        if not re.fullmatch(rb"[0-9.]{0,64}", word):
            raise ValueError("no UID")
        return word

    return _each(raw, one)


def _each(raw: bytes, one: object) -> bytes | None:
    assert callable(one)
    try:
        return b"\\".join(one(part) for part in raw.split(b"\\"))
    except (ValueError, OverflowError):
        return None


_VALID = {"DS": _valid_ds, "IS": _valid_is, "UI": _valid_ui}
