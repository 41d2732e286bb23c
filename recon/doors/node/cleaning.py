"""Cleaning away: what was worked on and sent stays for a while, earlier gone when the disk is nearly full.

What waits, also for a reader, failed or is a dead letter is never cleaned away; what a reader rejected is.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log

#: Series that came long enough ago and that no job needs any more; all of them, or one if it still is.
_DONE_WITH = (
    "SELECT number, uid FROM series WHERE state = 'whole' AND last <= ?1 AND number = coalesce(?2, number) "
    "AND NOT EXISTS (SELECT 1 FROM inputs JOIN jobs ON jobs.number = inputs.job WHERE inputs.series = series.number "
    "AND jobs.state IN ('waiting', 'pending', 'running', 'ready', 'failed'))"
)


class Cleaner:
    """Cleans a node's folder.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger
        self._asks = {name for name, one in config.destinations.items() if one.commitment}

    def clean(self) -> int:
        """Clean away what is due; returns how many files that were."""
        usage = shutil.disk_usage(self._config.folder)
        emergency = usage.free < self._config.retention.emergency_free_share * usage.total
        before = time.time() - (0.0 if emergency else self._config.retention.keep_s)
        removed = self._results(before) + self._originals(before)
        if removed:
            log("cleaned", count=removed, why="the disk is nearly full" if emergency else "kept long enough")
        return removed

    def _results(self, before: float) -> int:
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT number FROM jobs WHERE cleaned = 0 AND (state = 'superseded' "
                "OR (state IN ('done', 'rejected') AND finished <= ?))",
                (before,),
            ).fetchall()
        removed = 0
        for (job,) in rows:
            if self._open(job=job):
                continue
            shutil.rmtree(self._config.folder / "results" / str(job), ignore_errors=True)
            with self._ledger.writing() as base:
                removed += base.execute("DELETE FROM objects WHERE job = ?", (job,)).rowcount
                base.execute("UPDATE jobs SET cleaned = 1 WHERE number = ?", (job,))
        return removed

    def _originals(self, before: float) -> int:
        with self._ledger.looking() as base:
            numbers = [row["number"] for row in base.execute(_DONE_WITH, (before, None))]
        return sum(self._clean_series(number, before) for number in numbers)

    def _clean_series(self, number: int, before: float) -> int:
        """Clean one series away, unless another instance or work on it came meanwhile; returns how many files."""
        with self._ledger.writing() as base:  # nothing arrives until this is done
            row = base.execute(_DONE_WITH, (before, number)).fetchone()
            if row is None or self._open(series=row["uid"]):
                return 0
            paths = [Path(one[0]) for one in base.execute("SELECT path FROM instances WHERE series = ?", (number,))]
            for path in paths:  # before the rows go: a file without a row would be taken for one that just came
                path.unlink(missing_ok=True)
            base.execute("DELETE FROM instances WHERE series = ?", (number,))
            base.execute("DELETE FROM series WHERE number = ?", (number,))
            # what was sent is forgotten with it: the same instances, sent to the node again, are passed on again
            base.execute("DELETE FROM deliveries WHERE kind = 'original' AND series = ?", (row["uid"],))
        return len(paths)

    def _open(self, job: int | None = None, series: str | None = None) -> bool:
        """Whether something of a job, or an original of a series, is still to be sent or committed, or could not be."""
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT DISTINCT destination, state FROM deliveries "
                "WHERE job = ?1 OR (?1 IS NULL AND kind = 'original' AND series = ?2)",
                (job, series),
            ).fetchall()
        return any(
            row["state"] in ("pending", "held", "dead") or (row["state"] == "sent" and row["destination"] in self._asks)
            for row in rows
        )
