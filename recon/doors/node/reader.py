"""The readers' page over a node's results: what they were made from, and what became of them, as the ledger knows."""

from __future__ import annotations

from pathlib import Path

from recon.doors.node.ledger import Ledger
from recon.doors.node.releases import RESULTS, Releases, job_of
from recon.doors.view.case import Case, report_files
from recon.doors.view.sources import KnownCases
from recon.reading.book import Book


class NodeResults:
    """What the page shows; empty until there is a first result.

    Parameters
    ----------
    ledger
        Of the node.
    releases
        What readers' decisions bring about.
    """

    def __init__(self, ledger: Ledger, releases: Releases) -> None:
        self._ledger, self._releases, self._known = ledger, releases, KnownCases()
        self._folder = ledger.folder / RESULTS

    def cases(self) -> list[Case]:
        """All results that there are now, the worst first."""
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT number FROM jobs WHERE state IN ('done', 'rejected') AND cleaned = 0 ORDER BY number"
            ).fetchall()
        found = [
            self._known.of(path.parent, self._inputs(job))
            for (job,) in rows
            for path in report_files(self._folder / str(job))
        ]
        return sorted(found, key=lambda case: case.rank)

    def book(self, case: Case) -> Book:
        """One for the whole node."""
        return self._releases.book

    def books(self) -> list[Book]:
        """All of them."""
        return [self._releases.book]

    def fate(self, case: Case) -> str:
        """Where it went, and what holds it back."""
        return self._releases.fate(job_of(case.name))

    def _inputs(self, job: int) -> tuple[Path, ...]:
        """Folders of the series that a job was made from, of a pair pre before low."""
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT DISTINCT role, path FROM inputs JOIN instances USING (sop) WHERE job = ? ORDER BY role DESC",
                (job,),
            ).fetchall()
        return tuple(dict.fromkeys(Path(row["path"]).parent for row in rows))
