"""Reports on storage commitment to those who asked: each on an association of its own, until it is taken."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from recon.doors.node.association import associated
from recon.doors.node.commitment import Commitments
from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log
from recon.doors.node.outcome import waiting_s
from recon.doors.node.peers import Sender
from recon.errors import ReconError, ServiceUnavailable, one_line

_LOOK_EVERY_S = 0.2
_FIRST_S, _MOST_S, _GIVE_UP_S = 5.0, 600.0, 3 * 86400.0
_TIMEOUT_S = 30.0


class Reporter:
    """Reports what is due.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger) -> None:
        self._config, self._ledger = config, ledger
        self._commitments = Commitments(config, ledger)

    def run(self, stop: threading.Event) -> None:
        """Report until told to stop."""
        wait = _LOOK_EVERY_S
        while not stop.wait(wait):
            try:
                self.step()
                wait = _LOOK_EVERY_S
            except Exception as error:  # a full disk or a defect must not end the reporter
                log("reporter_failed", why=_words(error))
                wait = _FIRST_S

    def step(self) -> None:
        """Report everything that is due, each once."""
        with self._ledger.looking() as base:
            rows = base.execute(
                "SELECT * FROM commitments WHERE ours = 0 AND state = 'due' AND not_before <= ? LIMIT 100",
                (time.time(),),
            ).fetchall()
        for row in rows:
            try:
                self._report(row)
            except (ReconError, RuntimeError, ValueError) as error:  # what keeps one back keeps back no other
                wait = waiting_s(row["attempts"] + 1, _FIRST_S, _MOST_S)
                old = time.time() - row["created"] > _GIVE_UP_S
                self._after(row["uid"], "given up" if old else "due", wait)
                log("not_reported", title=row["peer"], why=_words(error))
            else:
                self._after(row["uid"], "reported", 0.0)
                log("reported", title=row["peer"])

    def _report(self, row: sqlite3.Row) -> None:
        sender = _answered(self._config, row["peer"])
        if sender is None or sender.report_to is None:
            raise ServiceUnavailable(f"{row['peer']} has no report_to in the configuration any more")
        report, kind = self._commitments.report(row["uid"], [(one, other) for one, other in json.loads(row["sops"])])
        wanted = [(str(StorageCommitmentPushModel), [str(ImplicitVRLittleEndian)])]
        peer = f"{row['peer']}@{sender.report_to}"
        with associated(peer, row["called"], wanted, sender.report_tls, _TIMEOUT_S, reporting=True) as association:
            status, _ = association.send_n_event_report(
                report, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
        if not status or status.Status != 0x0000:
            raise ServiceUnavailable(f"{peer}: does not take the report")

    def _after(self, uid: str, state: str, wait_s: float) -> None:
        with self._ledger.writing() as base:
            base.execute(
                "UPDATE commitments SET state = ?, attempts = attempts + 1, not_before = ? WHERE uid = ?",
                (state, time.time() + wait_s, uid),
            )


def _words(error: Exception) -> str:
    return error.problem if isinstance(error, ReconError) else one_line(error)[:200]


def _answered(config: NodeConfig, title: str) -> Sender | None:
    known = sorted((one for one in config.senders if one.report_to is not None), key=lambda one: one.title == "*")
    return next((one for one in known if one.title in (title, "*")), None)
