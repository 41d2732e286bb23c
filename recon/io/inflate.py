"""How much may come out of compressed files: a small file that unfolds to gigabytes holds nothing measured."""

from __future__ import annotations

import zlib
from pathlib import Path

from recon.errors import UnreadableInput

#: What any file may unfold to, and beyond that how many times its own size; scans shrink two- to tenfold.
FREE_BYTES, MOST_TIMES = 256 * 2**20, 100
_PIECE = 2**20


def most_bytes(stored: int) -> int:
    """Bytes that ``stored`` bytes may unfold to."""
    return max(FREE_BYTES, MOST_TIMES * stored)


def require_modest(path: Path, declared: int, stored: int, what: str) -> None:
    """Refuse what declares far more than is stored, before memory is taken for it.

    Raises
    ------
    UnreadableInput
        Naming both sizes.
    """
    if declared > most_bytes(stored):
        raise UnreadableInput(
            f"{path}: {what} is too large for what it holds: {declared / 2**30:.1f} GiB in size, "
            f"{stored / 2**20:.1f} MiB stored; nothing that was measured shrinks so"
        )


def inflated(path: Path, start: int, most: int | None = None) -> bytes:
    """A raw deflate stream that begins at a place of a file.

    Parameters
    ----------
    path
        Of the file.
    start
        Of the stream, bytes.
    most
        Stop after about so many bytes; by default everything is wanted, and too much is refused.

    Raises
    ------
    UnreadableInput
        When more comes out than the file may hold, checked as it comes, or the stream is damaged.
    """
    limit = most_bytes(path.stat().st_size) if most is None else most
    unfold, parts, size = zlib.decompressobj(-zlib.MAX_WBITS), list[bytes](), 0
    with path.open("rb") as file:
        file.seek(start)
        waiting = file.read(_PIECE)
        while waiting and not unfold.eof:
            try:
                part = unfold.decompress(waiting, _PIECE)
            except zlib.error as error:
                raise UnreadableInput(f"{path}: damaged: {error}") from error
            parts.append(part)
            size += len(part)
            if size > limit:
                if most is not None:
                    break
                raise UnreadableInput(
                    f"{path}: unfolds to more than {limit / 2**20:.0f} MiB from {path.stat().st_size / 2**20:.1f} MiB; "
                    "nothing that was measured shrinks so"
                )
            waiting = unfold.unconsumed_tail or file.read(_PIECE)
    return b"".join(parts)
