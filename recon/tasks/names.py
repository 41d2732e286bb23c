"""Names of result folders: distinct, and the same every time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_LONGEST = 100


def name_of(path: Path) -> str:
    """The name of a file without its ending, or of a folder."""
    name = path.resolve().name if path.name in ("", ".", "..") else path.name
    for ending in _endings():
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            break
    return safe(name)


@cache
def _endings() -> tuple[str, ...]:
    """Those that say what a file is, longest first; anything else behind a dot belongs to the name, as in a UID."""
    from recon.io.formats import formats

    return tuple(sorted({end for one in formats() for end in getattr(one, "ENDINGS", ())}, key=len, reverse=True))


def safe(name: str) -> str:
    """A name that every file system takes: no separators, no control characters, not too long."""
    shown = "".join(letter if letter.isprintable() else "/" for letter in name)
    cleaned = re.sub(r"[/\\:*?\"<>|]+", "_", shown).strip(" .")
    return cleaned[:_LONGEST] or "series"


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind those that were there before."""
    used: set[str] = set()
    found = []
    for name in names:
        candidate, count = name, 1
        while candidate.lower() in used:  # some file systems do not tell capitals apart
            count += 1
            candidate = f"{name}_{count}"
        used.add(candidate.lower())
        found.append(candidate)
    return found
