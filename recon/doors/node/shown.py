"""Which results DICOMweb shows: all but those that wait for a reader, or that one rejected."""

from __future__ import annotations

import sqlite3

from recon.doors.node.ledger import Ledger

_QUERY = """
SELECT * FROM objects WHERE study = coalesce(?, study) AND series = coalesce(?, series) AND sop = coalesce(?, sop)
AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.job = objects.job AND state IN ('held', 'withheld'))
ORDER BY job, number
"""


def shown(ledger: Ledger, study: str | None, series: str | None, sop: str | None) -> list[sqlite3.Row]:
    """Rows of the objects of a study, a series, or one; None asks for all of them."""
    with ledger.looking() as base:
        return base.execute(_QUERY, (study, series, sop)).fetchall()
