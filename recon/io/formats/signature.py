"""First bytes by which files are known."""

from __future__ import annotations

from pathlib import Path

HDF5 = b"\x89HDF\r\n\x1a\n"
#: Packers, by what their files begin with.
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_TAR_AT, _TAR = 257, b"ustar"


def packer_of(start: bytes) -> str:
    """Name of the packer that made a file; empty when none did."""
    if start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "tar"
    return next((name for magic, name in _PACKED.items() if start.startswith(magic)), "")


def is_text(start: bytes) -> bool:
    """Whether a file begins as text does."""
    return bool(start) and not any(byte < 9 or 13 < byte < 27 for byte in start)


def ends_in(path: Path, endings: tuple[str, ...]) -> bool:
    """Whether a name has one of some endings, in capitals or not."""
    return path.name.lower().endswith(endings)
