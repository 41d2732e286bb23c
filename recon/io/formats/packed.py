"""Packed scans: ``.dcm.gz``, ``.zip``, ``.tar.gz`` and their like are named, never taken for nothing."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.formats.format import START_BYTES, Content, LeftOut, Look, OnFile
from recon.io.formats.signature import packer_of
from recon.io.nifti import is_nifti

NAME = "packed"
#: What is unfolded to see what is inside, bytes, and how many members are looked at.
_WINDOW, _MEMBERS = 256 * 1024, 50
_STREAMS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
_DAMAGED = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)
_BLOCK = 512


def recognise(path: Path, start: bytes) -> bool:
    """By its first bytes, unless they are the preamble of a DICOM file."""
    return bool(packer_of(start)) and start[128:132] != b"DICM" and not is_nifti(path)


def look(path: Path) -> Look:
    """Never gives a scan.

    Raises
    ------
    Refused
        BROKEN when scans are inside, or nobody can tell here; OTHER when there are none.
    """
    with path.open("rb") as file:
        packer = packer_of(file.read(START_BYTES))
    try:
        inside = [name for name, start in _members(path, packer) if _is_scan(name, start)]
    except _DAMAGED:
        raise Refused(f"packed ({packer}), and can't be looked into here; unpack it", Kind.BROKEN) from None
    if inside:
        raise Refused(f"packed ({packer}), with {inside[0][:80]} inside; unpack it to have it read", Kind.BROKEN)
    raise Refused(f"packed ({packer}), with no scan inside", Kind.OTHER)


def open(paths: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None) -> Iterator[LeftOut]:
    """Names every file."""
    for path in paths:
        try:
            look(path)
        except Refused as error:
            yield LeftOut(str(path), error.problem, error.kind is not Kind.OTHER)


def _members(path: Path, packer: str) -> Iterator[tuple[str, bytes]]:
    """Name and first bytes of the first few files inside."""
    if packer == "zip":
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:_MEMBERS]:
                if not member.is_dir():
                    with archive.open(member) as file:
                        yield member.filename, file.read(START_BYTES)
    elif packer == "tar":
        with path.open("rb") as plain:
            yield from _tarred(plain.read(_WINDOW))
    elif packer in _STREAMS:
        with _STREAMS[packer](path, "rb") as stream:
            window = bytes(stream.read(_WINDOW))
        if packer_of(window) == "tar":
            yield from _tarred(window)
        else:
            yield path.with_suffix("").name, window[:START_BYTES]
    else:
        raise ValueError(packer)


def _tarred(window: bytes) -> Iterator[tuple[str, bytes]]:
    """Members of a tar archive, as far as its beginning shows them."""
    at = 0
    while len(header := window[at : at + _BLOCK]) == _BLOCK and header.strip(b"\0"):
        size = int(header[124:136].strip(b"\0 ") or b"0", 8)
        at += _BLOCK
        if header[156:157] in (b"0", b"\0"):  # a plain file
            yield header[:100].rstrip(b"\0").decode("utf-8", "replace"), window[at : at + min(size, START_BYTES)]
        at += -(-size // _BLOCK) * _BLOCK


def _is_scan(name: str, start: bytes) -> bool:
    """Whether a member is of a format; HDF5 can only be told by its first bytes here, which is enough."""
    from recon.io.formats.registry import recognise as format_of

    inner = Path(Path(name).name or "nameless")
    known = format_of(inner, start)
    return known is not None and known.NAME != NAME and (bool(inner.suffix) or start[128:132] == b"DICM")
