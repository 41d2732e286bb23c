"""What a ledger says, for people and machines; the report and the exit status come from the same counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recon.batch.ledger_file import counts, meta, reading
from recon.batch.lock import is_held
from recon.batch.states import exit_status


def summary(base: sqlite3.Connection) -> dict[str, Any]:
    """Counts by state, and the exit status that they make."""
    found = counts(base)
    status = exit_status(found)
    return {**found, "exit_status": status, "stopped": meta(base, "stopped", "")}


def states_of_inputs(base: sqlite3.Connection) -> Iterator[tuple[str, str, str, str]]:
    """Path, state, reason and result folder of every file of the archive, in order."""
    query = (
        "SELECT path, CASE WHEN item NOT NULL THEN items.state WHEN inputs.state != '' THEN inputs.state "
        "ELSE 'pending' END, CASE WHEN item NOT NULL THEN items.reason ELSE inputs.reason END, coalesce(name, ''), "
        "coalesce(why, '') FROM inputs LEFT JOIN items ON items.number = inputs.item ORDER BY path"
    )
    for path, state, reason, name, why in base.execute(query):
        yield path, state, reason or why, name


def status(folder: Path, with_inputs: bool = True) -> dict[str, Any]:
    """The state of a run.

    Parameters
    ----------
    folder
        Of the ledger.
    with_inputs
        Also name every file.

    Returns
    -------
    dict
        ``items`` and its parts ``done``, ``failed``, ``rejected``, ``skipped``, ``running``, ``pending``;
        ``unstable`` (of the skipped), ``active`` (whether a run is under way), ``exit_status``, and
        ``inputs``: path to ``state``, ``reason`` and ``result``.

    Raises
    ------
    UnreadableInput
        When there is no ledger.
    """
    with reading(folder) as base:
        found = {**summary(base), "active": is_held(folder)}
        if with_inputs:
            found["inputs"] = {
                path: {"state": state, "reason": reason, "result": name}
                for path, state, reason, name in states_of_inputs(base)
            }
    return found
