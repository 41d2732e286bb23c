"""Storage commitment, both ways; the reports travel on associations of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as PUSH
from pynetdicom.sop_class import StorageCommitmentPushModelInstance as PUSH_INSTANCE

from recon.doors.node.reporter import Reporter
from tests.doors.node.nodes import Receiving, free_port, storescu
from tests.doors.node.pacs import deliver, received, states, to_pacs

pytestmark = pytest.mark.service
Start = Callable[..., Receiving]


def request(sops: list[tuple[str, str]]) -> Dataset:
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for sop_class, sop in sops:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop
        asked.ReferencedSOPSequence.append(item)
    return asked


def ask(port: int, asked: Dataset, calling: str = "MR1") -> int:
    ae = AE(ae_title=calling)
    ae.add_requested_context(PUSH, ImplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", port, ae_title="RECON")
    assert association.is_established
    status, _ = association.send_n_action(asked, 1, PUSH, PUSH_INSTANCE)
    association.release()
    return int(status.Status)


class Modality:
    """Takes reports as a scanner does."""

    def __init__(self, port: int) -> None:
        self.reports: list[tuple[int, Dataset]] = []
        self.calls: list[tuple[str, str, str]] = []
        ae = AE(ae_title="MR1")
        ae.add_supported_context(PUSH, ImplicitVRLittleEndian, scu_role=True, scp_role=True)
        self._server = ae.start_server(
            ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self._told)]
        )

    def _told(self, event: Any) -> tuple[int, None]:
        primitive = event.assoc.requestor.primitive
        self.calls.append((primitive.calling_ae_title, primitive.called_ae_title, str(event.context.transfer_syntax)))
        self.reports.append((event.event_type, event.event_information))
        return 0x0000, None

    def close(self) -> None:
        self._server.shutdown()


def test_a_modality_asks_and_is_told(receiving: Start, make_series: Any) -> None:
    """ClearCanvas#308, dcm4chee-arc#3592: a report on its own association, from the title that was asked."""
    port = free_port()
    node = receiving(senders=[{"title": "MR1", "report_to": f"127.0.0.1:{port}"}])
    (path,) = make_series(1)
    assert storescu(node.port, path, calling="MR1").returncode == 0
    dataset = pydicom.dcmread(path)
    missing = generate_uid()
    good = request([(dataset.SOPClassUID, dataset.SOPInstanceUID)])
    bad = request([(dataset.SOPClassUID, dataset.SOPInstanceUID), (dataset.SOPClassUID, missing)])
    assert [ask(node.port, one) for one in (good, bad)] == [0, 0]
    reporter = Reporter(node.config, node.ledger)
    reporter.step()  # the modality is away: the report waits
    assert {row["state"] for row in node.rows("SELECT * FROM commitments")} == {"due"}
    modality = Modality(port)
    with node.ledger.writing() as base:
        base.execute("UPDATE commitments SET not_before = 0")
    reporter.step()
    modality.close()
    told = {str(report.TransactionUID): (kind, report) for kind, report in modality.reports}
    assert told[good.TransactionUID][0] == 1
    assert "FailedSOPSequence" not in told[good.TransactionUID][1]
    kind, report = told[bad.TransactionUID]
    assert kind == 2
    (failed,) = report.FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == (missing, 0x0112)
    assert set(modality.calls) == {("RECON", "MR1", str(ImplicitVRLittleEndian))}
    assert {row["state"] for row in node.rows("SELECT * FROM commitments")} == {"reported"}


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


def test_a_report_on_nothing_of_ours_changes_nothing(receiving: Start) -> None:
    node = receiving()
    node.commitments.told(request([("1.2.3", "1.2.3.4")]))
    assert node.rows("SELECT * FROM commitments") == []
