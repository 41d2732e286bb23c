"""Decisions for other programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from recon.reading.decisions import Decision

_COLUMNS = ("number", "result", "task", "verdict", "reader", "choice", "note", "made", "taken_back", "report_sha256")
#: What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(decisions: Iterable[Decision]) -> str:
    """One line a decision under a line of names; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for decision in decisions:
        values = decision.to_json()
        writer.writerow([_plain(values[name]) for name in _COLUMNS])
    return text.getvalue()


def to_json(decisions: Iterable[Decision]) -> str:
    """One object with all decisions."""
    return json.dumps({"decisions": [decision.to_json() for decision in decisions]}, indent=2) + "\n"


def _plain(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
