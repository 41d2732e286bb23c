"""What REVIEW holds back goes out when a reader has accepted it: readers' decisions become states of deliveries.

A delivery that waits for a reader is ``held``; ``withheld`` once a reader has rejected the result. The readers' book
says what was decided and the ledger what follows from it; whoever is killed between the two is caught up with.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log
from recon.doors.view.case import Case, report_files
from recon.reading.book import NAME, Book
from recon.reading.decisions import Choice, Decision, history, revision, standing

RESULTS = "results"


def state_of(choices: Iterable[Iterable[Choice]]) -> str:
    """What becomes of a result's deliveries, from the choices that stand about each of its series.

    One rejection withholds, whoever accepted; a result goes out when each of its series was accepted.
    """
    sets = [set(one) for one in choices]
    if any(Choice.REJECT in one for one in sets):
        return "withheld"
    return "pending" if all(Choice.ACCEPT in one for one in sets) else "held"


def job_of(result: str) -> int:
    """The job that made a result: its folder is called by the number, a part of several ``NUMBER-PART``."""
    return int(result.partition("-")[0])


class Releases:
    """Readers' decisions about a node's results, and what the outbox makes of them.

    Parameters
    ----------
    ledger
        Of the node.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._seen = ledger, -1
        self._results = ledger.folder / RESULTS
        # beside the results' folder, so that decisions outlive what is cleaned away
        self.book = Book(ledger.folder / NAME)

    def decided(self, case: Case, decision: Decision) -> None:
        """Do what follows from a decision that was made or taken back."""
        self.settle(job_of(case.name))

    def catch_up(self) -> None:
        """Do what follows from decisions whose page was killed before it could."""
        now = revision(self.book)
        if now == self._seen:
            return
        with self._ledger.looking() as base:
            jobs = base.execute(
                "SELECT DISTINCT job FROM deliveries WHERE by_reader = 1 AND state IN ('held', 'withheld', 'pending')"
            ).fetchall()
        for (job,) in jobs:
            self.settle(job)
        self._seen = now

    def settle(self, job: int) -> None:
        """Bring what is still to be sent of a job to the state that follows from the readers' book.

        Raises
        ------
        OutputFailed
            When the ledger can't be written.
        UnreadableInput
            When the readers' book can't be read.
        """
        with self._ledger.writing() as base:
            # the book is read within: whoever decides at the same time settles after us, or we after them
            choices = self._choices(job)
            if not choices:  # cleaned away
                return
            state = state_of(choices)
            changed = base.execute(
                "UPDATE deliveries SET state = ?1, created = ?2, not_before = 0 WHERE job = ?3 AND by_reader = 1 "
                "AND state != ?1 AND state IN ('held', 'withheld', 'pending')",
                (state, time.time(), job),
            ).rowcount
            if not changed:
                return
            words = {"pending": "released by a reader", "withheld": "withheld, a reader rejected it"}
            self._ledger.say(f"job {job}", words.get(state, "held again, the decision was taken back"))
        log("decided", job=job, state=state, instances=changed)

    def fate(self, job: int) -> str:
        """What becomes of a job's results, in a few words for the reader."""
        with self._ledger.looking() as base:
            found = base.execute("SELECT state FROM jobs WHERE number = ?", (job,)).fetchone()
            rows = base.execute(
                "SELECT destination, count(*) AS objects, sum(state IN ('sent', 'committed')) AS sent, "
                "max(state = 'held') AS held, max(state = 'withheld') AS withheld, max(state = 'dead') AS dead "
                "FROM deliveries WHERE job = ? GROUP BY destination ORDER BY destination",
                (job,),
            ).fetchall()
        if found is None:
            return ""
        if found["state"] == "rejected":
            return "goes nowhere: REJECT"
        said = []
        for row in rows:
            there = f"{row['sent']} of {row['objects']} objects"
            if row["held"] or row["withheld"]:
                why = "withheld, a reader rejected it" if row["withheld"] else "held until a reader accepts it"
                said.append(f"{row['destination']}: {why}" + (f"; {there} went before" if row["sent"] else ""))
            elif row["dead"]:
                said.append(f"{row['destination']}: {there} sent, others could not be")
            else:
                whole = row["sent"] == row["objects"]
                said.append(f"{row['destination']}: " + ("sent" if whole else f"on its way, {there} sent"))
        return "; ".join(said) or "goes nowhere: its rule names no destination"

    def _choices(self, job: int) -> list[set[Choice]]:
        """What stands about each series of a job as it is now."""
        decisions = standing(one for one in history(self.book) if job_of(one.subject.result) == job)
        return [
            {one.choice for one in decisions if (one.subject.result, one.subject.report_sha256) == (name, digest)}
            for name, digest in self._reports(job)
        ]

    def _reports(self, job: int) -> list[tuple[str, str]]:
        """Name and hash of each result of a job."""
        return [
            (path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in report_files(self._results / str(job))
        ]
