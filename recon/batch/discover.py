"""Walks an archive, looks twice, and leaves alone what is still being written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from recon.batch import ledger_file
from recon.batch.classify import classify
from recon.batch.items import InputFile, Item, recorded
from recon.batch.ledger import BatchLedger
from recon.batch.states import UNSTABLE, State
from recon.errors import UnreadableInput
from recon.io.output_folder import is_result

_BATCH = 200


def discover(
    ledger: BatchLedger, roots: list[Path], settle_s: float = 3.0, say: Callable[[int], None] = lambda seen: None
) -> None:
    """Write down every file under some folders; a scan that changes meanwhile is marked unstable.

    Parameters
    ----------
    ledger
        Files that it knows already and that have not changed are not opened again.
    roots
        Absolute folders or files.
    settle_s
        How long the youngest file has to stay as it is, s.
    say
        Told the number of files seen so far.

    Raises
    ------
    UnreadableInput
        When a root doesn't exist.
    """
    for root in roots:
        if not os.path.exists(root):
            raise UnreadableInput(f"{root}: no such file or folder")
    scan = int(ledger.get("scan", 0)) + 1
    ledger.set("scan", scan)
    _reconsider(ledger)
    seen, youngest = 0, 0
    fresh: list[InputFile] = []
    known: list[Path] = []
    for root in roots:
        for path, trouble in walk(root):
            seen += 1
            found = trouble or _unless_same(ledger, path, root)
            if found is None:
                known.append(path)
            else:
                fresh.append(found)
                youngest = max(youngest, found.mtime_ns)
            if len(fresh) + len(known) >= _BATCH:
                ledger.put_inputs(fresh, scan, known)
                fresh.clear()
                known.clear()
                say(seen)
    ledger.put_inputs(fresh, scan, known)
    say(seen)
    _forget_vanished(ledger, scan)
    # a file from the future (a clock that is wrong) must not hold up the rest
    time.sleep(min(max(youngest / 1e9 + settle_s - time.time(), 0), settle_s))
    ledger.set("looked_again_ns", time.time_ns())
    _look_again(ledger, roots, scan)


def walk(root: Path) -> Iterator[tuple[Path, InputFile | None]]:
    """All files under a folder, in order, hidden ones too; folders that can't be entered come with why."""
    if not os.path.isdir(root):  # unlike Path's, it never raises
        yield root, None
        return
    try:
        with os.scandir(root) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield root, InputFile(root, 0, 0, state=State.FAILED, reason=f"can't be read: {error.strerror}")
        return
    for entry in found:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            if entry.is_symlink() and os.path.isdir(path):
                yield path, InputFile(path, 0, 0, state=State.SKIPPED, reason="a link to a folder, not followed")
            else:
                yield path, None
        elif os.path.exists(path / ledger_file.NAME):
            yield path, InputFile(path, 0, 0, state=State.SKIPPED, reason="an output folder of recon batch")
        elif is_result(path):
            yield path, InputFile(path, 0, 0, state=State.SKIPPED, reason="a result of recon, no input")
        else:
            yield from walk(path)


def changed_since(ledger: BatchLedger, item: Item) -> str:
    """What has changed in an item's input since the archive was looked at; empty when nothing has."""
    since = int(ledger.get("looked_again_ns", 0))
    for path in item.paths:
        try:
            now = path.stat()
        except OSError as error:
            return f"{path}: {error.strerror}"
        with ledger.looking() as base:
            row = base.execute("SELECT size, mtime_ns FROM inputs WHERE path = ?", (str(path),)).fetchone()
        if row is not None and (row["size"], row["mtime_ns"]) != (now.st_size, now.st_mtime_ns):
            return f"{UNSTABLE}{path.name} changed after it was found"
    with ledger.looking() as base:
        groups = {r[0] for r in base.execute("SELECT DISTINCT grp FROM inputs WHERE item = ?", (item.number,))}
    if not any(group.startswith("dicom") for group in groups):
        return ""
    for folder in {path.parent for path in item.paths}:
        if folder.stat().st_mtime_ns < since:
            continue
        with os.scandir(folder) as entries:
            names = sorted(entry.path for entry in entries if entry.is_file())
        for name in names:
            with ledger.looking() as base:
                known = base.execute("SELECT 1 FROM inputs WHERE path = ?", (recorded(Path(name)),)).fetchone()
            if known is None and classify(Path(name), folder).group in groups:
                return f"{UNSTABLE}{Path(name).name} arrived after the scan was found"
    return ""


def _reconsider(ledger: BatchLedger) -> None:
    """What an earlier look left out for a reason that may be gone by now."""
    with ledger.writing() as base:
        unstable = "SELECT number FROM items WHERE state = 'skipped' AND reason LIKE 'unstable: %'"
        base.execute(f"DELETE FROM inputs WHERE item IN ({unstable})")  # noqa: S608
        base.execute(f"DELETE FROM outputs WHERE item IN ({unstable})")  # noqa: S608
        base.execute(f"DELETE FROM items WHERE number IN ({unstable})")  # noqa: S608
        base.execute("DELETE FROM inputs WHERE item IS NULL AND reason LIKE 'unstable: %'")
        base.execute(
            "UPDATE inputs SET state = '', reason = '' "
            "WHERE item IS NULL AND kind != '' AND grp != '' AND role != 'left out' AND state = 'skipped'"
        )


def _forget_vanished(ledger: BatchLedger, scan: int) -> None:
    with ledger.writing() as base:
        base.execute("DELETE FROM inputs WHERE item IS NULL AND scan < ?", (scan,))


def _look_again(ledger: BatchLedger, roots: list[Path], scan: int) -> None:
    for root in roots:
        for path, trouble in walk(root):
            if trouble is not None:
                continue
            found = _unless_same(ledger, path, root)
            if found is None:
                continue
            why = f"{UNSTABLE}{path.name} is still changing; resume when the scan is complete"
            if found.state == State.FAILED and found.mtime_ns:  # half of a file may be no file yet
                found = replace(found, state=State.SKIPPED, reason=why)
            ledger.put_inputs([found], scan)
            if not found.group:
                continue
            with ledger.writing() as base:
                base.execute(
                    "UPDATE inputs SET state = 'skipped', reason = ? WHERE item IS NULL AND grp = ?",
                    (why, found.group),
                )
                row = base.execute("SELECT item FROM inputs WHERE grp = ? AND item NOT NULL", (found.group,)).fetchone()
                if row is not None:
                    base.execute(
                        "UPDATE items SET state = 'skipped', reason = ? WHERE number = ? AND state = 'pending'",
                        (why, row[0]),
                    )


def _unless_same(ledger: BatchLedger, path: Path, root: Path) -> InputFile | None:
    """What a file is; None when the ledger knows it as it is."""
    try:
        now = path.stat()
        with ledger.looking() as base:
            row = base.execute("SELECT size, mtime_ns FROM inputs WHERE path = ?", (str(path),)).fetchone()
    except (OSError, UnicodeEncodeError):
        return classify(path, root)
    same = row is not None and (row["size"], row["mtime_ns"]) == (now.st_size, now.st_mtime_ns)
    return None if same else classify(path, root)
