"""Storage commitment, both ways; the reports travel on associations of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as PUSH
from pynetdicom.sop_class import StorageCommitmentPushModelInstance as PUSH_INSTANCE

from tests.doors.node.asking import ask, request
from tests.doors.node.nodes import Receiving, free_port
from tests.doors.node.pacs import deliver, received, states, to_pacs

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_a_file_that_is_gone_is_not_committed(receiving: Start, make_series: Any) -> None:
    node = receiving()
    received(node, make_series(2))
    rows = node.rows("SELECT * FROM instances")
    Path(rows[0]["path"]).unlink()
    Path(rows[1]["path"]).write_bytes(b"half")
    report, kind = node.commitments.report("1.2.3", [(row["sop_class"], row["sop"]) for row in rows])
    assert kind == 2
    assert [item.FailureReason for item in report.FailedSOPSequence] == [0x0110, 0x0110]
    assert "ReferencedSOPSequence" not in report


def test_who_can_not_be_told_is_told_so(receiving: Start) -> None:
    node = receiving(senders=[{"title": "MR1"}])
    assert ask(node.port, request([("1.2.3", "1.2.3.4")])) == 0x0110


def test_pending_requests_are_limited(receiving: Start) -> None:
    node = receiving(
        senders=[{"title": "MR1", "report_to": f"127.0.0.1:{free_port()}"}],
        limits={"pending_commitments": 2, "free_gb": 0.01, "free_share": 0.0},
    )
    assert [ask(node.port, request([("1.2.3", "1.2.3.4")])) for _ in range(3)] == [0, 0, 0x0110]


class Archive:
    """Stores, and commits later on an association of its own; loses what it is told to."""

    def __init__(self, port: int, report_to: int) -> None:
        self.asked: list[Dataset] = []
        self.lost: set[str] = set()
        self._report_to = report_to
        ae = AE(ae_title="PACS")
        ae.supported_contexts = AllStoragePresentationContexts
        ae.add_supported_context(PUSH)
        handlers = [(evt.EVT_C_STORE, lambda event: 0x0000), (evt.EVT_N_ACTION, self._ask)]
        self._server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)

    def _ask(self, event: Any) -> tuple[int, None]:
        self.asked.append(event.action_information)
        return 0x0000, None

    def report(self) -> None:
        asked = self.asked.pop(0)
        report = Dataset()
        report.TransactionUID = asked.TransactionUID
        items = list(asked.ReferencedSOPSequence)
        report.ReferencedSOPSequence = [i for i in items if i.ReferencedSOPInstanceUID not in self.lost]
        failed = [i for i in items if i.ReferencedSOPInstanceUID in self.lost]
        for item in failed:
            item.FailureReason = 0x0112
        if failed:
            report.FailedSOPSequence = failed
        ae = AE(ae_title="PACS")
        ae.add_requested_context(PUSH, ImplicitVRLittleEndian)
        association = ae.associate(
            "127.0.0.1", self._report_to, ae_title="RECON", ext_neg=[build_role(PUSH, scp_role=True)]
        )
        assert association.is_established
        status, _ = association.send_n_event_report(report, 2 if failed else 1, PUSH, PUSH_INSTANCE)
        association.release()
        assert status.Status == 0x0000, "answered also when it is negative"

    def close(self) -> None:
        self._server.shutdown()


def test_sent_is_accepted_is_committed(receiving: Start, make_series: Any) -> None:
    """dcm4chee-arc#4263: what an archive has lost is sent again, until it says that it has it."""
    port = free_port()
    node = receiving(**to_pacs(port, commitment=True))
    archive = Archive(port, node.port)
    received(node, make_series(4))
    deliver(node)
    assert states(node) == {"sent": 4}
    archive.lost = {node.rows("SELECT sop FROM deliveries")[0]["sop"]}
    archive.report()
    assert states(node) == {"committed": 3, "pending": 1}
    archive.lost = set()
    (waits,) = node.rows("SELECT * FROM deliveries WHERE state = 'pending'")
    assert waits["not_before"] > time.time() - 1, "not at once, over and over"
    time.sleep(0.1)
    deliver(node)
    archive.report()
    assert states(node) == {"committed": 4}
    archive.close()


def test_an_archive_that_never_reports_ends_in_dead_letters(receiving: Start, make_series: Any) -> None:
    port = free_port()
    node = receiving(**to_pacs(port, commitment=True, commitment_wait_s=0.1, final_after=2))
    archive = Archive(port, node.port)
    received(node, make_series(1))
    for _ in range(4):
        deliver(node)
        time.sleep(0.15)
    archive.close()
    (letter,) = node.rows("SELECT * FROM deliveries")
    assert (letter["state"], letter["reason"], letter["asks"]) == ("dead", "its storage was never committed", 2)


def test_what_an_archive_loses_each_time_ends_in_dead_letters(receiving: Start, make_series: Any) -> None:
    port = free_port()
    node = receiving(**to_pacs(port, commitment=True, final_after=2))
    archive = Archive(port, node.port)
    received(node, make_series(1))
    archive.lost = {node.rows("SELECT sop FROM deliveries")[0]["sop"]}
    for state in ("pending", "dead"):
        time.sleep(0.1)
        deliver(node)
        archive.report()
        assert states(node) == {state: 1}
    archive.close()
    (letter,) = node.rows("SELECT * FROM deliveries")
    assert (letter["refusals"], letter["reason"]) == (2, "storage was not committed")


def test_a_report_on_nothing_of_ours_changes_nothing(receiving: Start) -> None:
    node = receiving()
    node.commitments.told(request([("1.2.3", "1.2.3.4")]))
    assert node.rows("SELECT * FROM commitments") == []
