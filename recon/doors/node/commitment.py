"""Storage commitment, PS3.4 J: what we are asked and must report, and what we ask and are told.

A report travels on an association of its own, minutes later if need be, and is sent also when it is negative.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from recon.doors.node.admission import sender_of
from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.outcome import waiting_s
from recon.errors import InvalidRequest, TooManyRequests

#: Failure reasons, PS3.3 C.14.1.1.
NO_SUCH_INSTANCE, PROCESSING_FAILURE = 0x0112, 0x0110
ALL_COMMITTED, SOME_FAILED = 1, 2


class Commitments:
    """Both sides' books.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger

    def asked(self, request: Dataset, calling: str, called: str, address: str) -> None:
        """A sender asks (N-ACTION); its report is due now.

        Raises
        ------
        InvalidRequest
            When there is no address for the report, or the request names nothing.
        TooManyRequests
            When too many of its requests wait.
        """
        sender = sender_of(self._config, calling, address)
        if sender is None or sender.report_to is None:
            raise InvalidRequest(f"{calling} has no report_to in the configuration, so that no report can reach it")
        uid, named = str(request.get("TransactionUID", "")), _references(request, "ReferencedSOPSequence")
        if not uid or not named:
            raise InvalidRequest("the request names no transaction or no instance")
        with self._ledger.writing() as base:
            count = "SELECT count(*) FROM commitments WHERE ours = 0 AND state = 'due' AND peer = ?"
            if base.execute(count, (calling,)).fetchone()[0] >= self._config.limits.pending_commitments:
                raise TooManyRequests(f"{calling} waits for as many reports as it may")
            base.execute(
                "INSERT OR REPLACE INTO commitments (uid, peer, called, ours, state, sops, created) "
                "VALUES (?, ?, ?, 0, 'due', ?, ?)",
                (uid, calling, called, json.dumps(named), time.time()),
            )

    def report(self, uid: str, named: Sequence[tuple[str, str]]) -> tuple[Dataset, int]:
        """The report on a sender's transaction, and its event type: what of it lies on disk.

        Parameters
        ----------
        uid
            Of the transaction.
        named
            SOP class and instance UIDs.
        """
        held, failed = [], []
        with self._ledger.looking() as base:
            for sop_class, sop in named:
                row = base.execute("SELECT path, size, sop_class FROM instances WHERE sop = ?", (sop,)).fetchone()
                there = row is not None and _whole(Path(row["path"]), row["size"])
                item = _reference(sop_class, sop)
                if there:
                    held.append(item)
                else:
                    item.FailureReason = NO_SUCH_INSTANCE if row is None else PROCESSING_FAILURE
                    failed.append(item)
        report = Dataset()
        report.TransactionUID = uid
        if held:
            report.ReferencedSOPSequence = Items(held)
        if failed:
            report.FailedSOPSequence = Items(failed)
        return report, SOME_FAILED if failed else ALL_COMMITTED

    def ask(self, destination: str, named: Sequence[tuple[str, str]], calling: str) -> tuple[str, Dataset]:
        """A request of ours, in the books before it goes out: its transaction UID, and its data set."""
        uid = str(generate_uid(prefix=None))
        request = Dataset()
        request.TransactionUID = uid
        request.ReferencedSOPSequence = Items([_reference(sop_class, sop) for sop_class, sop in named])
        with self._ledger.writing() as base:
            base.execute(
                "INSERT INTO commitments (uid, peer, called, ours, state, sops, created) VALUES (?,?,?,1,'asked',?,?)",
                (uid, destination, calling, json.dumps(list(named)), time.time()),
            )
        return uid, request

    def told(self, report: Dataset) -> None:
        """A report on a transaction of ours (N-EVENT-REPORT); one that we don't know is answered all the same.

        What is committed is so for good; what failed is sent again as what was refused is: later, and not for ever.
        """
        uid = str(report.get("TransactionUID", ""))
        with self._ledger.writing() as base:
            row = base.execute("SELECT peer FROM commitments WHERE uid = ? AND ours = 1", (uid,)).fetchone()
            if row is None:
                return
            now = time.time()
            for _, sop in _references(report, "ReferencedSOPSequence"):
                base.execute(
                    "UPDATE deliveries SET state = 'committed', committed = ? WHERE destination = ? AND sop = ? "
                    "AND state = 'sent'",
                    (now, row["peer"], sop),
                )
            failed = _references(report, "FailedSOPSequence")
            for _, sop in failed:
                self._not_committed(base, row["peer"], sop, now)
            base.execute("UPDATE commitments SET state = 'told' WHERE uid = ?", (uid,))
            if failed:
                self._ledger.say(f"destination {row['peer']}", f"{len(failed)} instances were not committed")

    def _not_committed(self, base: sqlite3.Connection, peer: str, sop: str, now: float) -> None:
        """The peer took an object and has not kept it, which counts as a refusal."""
        sent = base.execute(
            "SELECT number, refusals FROM deliveries WHERE destination = ? AND sop = ? AND state = 'sent'", (peer, sop)
        ).fetchone()
        to = self._config.destinations.get(peer)
        if sent is None:
            return
        refusals = sent["refusals"] + 1
        dead = to is not None and refusals >= to.final_after
        wait = 0.0 if to is None else waiting_s(refusals, to.retry_first_s, to.retry_most_s)
        base.execute(
            "UPDATE deliveries SET state = ?, refusals = ?, not_before = ?, asked = NULL, "
            "reason = 'storage was not committed' WHERE number = ?",
            ("dead" if dead else "pending", refusals, now + wait, sent["number"]),
        )
        if dead:
            self._ledger.say(f"delivery {sent['number']}", f"dead after {refusals} refusals: storage was not committed")


def _reference(sop_class: str, sop: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop
    return item


def _references(dataset: Dataset, keyword: str) -> list[tuple[str, str]]:
    return [
        (str(item.get("ReferencedSOPClassUID", "")), str(item.get("ReferencedSOPInstanceUID", "")))
        for item in dataset.get(keyword) or []
    ]


def _whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
