"""Compares what lies on disk with what the ledger says was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from recon.batch.ledger_file import reading
from recon.batch.storage import damage


@dataclass(frozen=True)
class Verification:
    """Outcome of re-hashing every published result.

    Attributes
    ----------
    checked
        Items looked at.
    wrong
        Lines on what is missing, short, changed or added, by item.
    unknown
        Folders that belong to no published item.
    """

    checked: int
    wrong: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def verify(folder: Path, say: Callable[[int], None] = lambda checked: None) -> Verification:
    """Hash every file of every done (or rejected) item again.

    Parameters
    ----------
    folder
        Of the ledger and the results.
    say
        Told the number of items checked so far.

    Raises
    ------
    UnreadableInput
        When there is no ledger.
    """
    checked, wrong, names = 0, {}, set()
    with reading(folder) as base:
        for number, name in base.execute(
            "SELECT number, name FROM items WHERE state IN ('done', 'rejected') ORDER BY number"
        ):
            rows = base.execute("SELECT path, size, sha256 FROM outputs WHERE item = ?", (number,))
            outputs = {path: (size, digest) for path, size, digest in rows}
            trouble = damage(folder / name, outputs)
            if not outputs:
                trouble.append(f"{folder / name}: the ledger names no file of it")
            if trouble:
                wrong[str(name)] = trouble
            names.add(name)
            checked += 1
            say(checked)
    there = (path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return Verification(checked, wrong, sorted(set(there) - names))
