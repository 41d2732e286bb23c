"""Reports on commitment go out on associations of their own, when they can be taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as PUSH

from recon.doors.node import reporter as reporting
from recon.doors.node.reporter import Reporter
from recon.errors import OutputFailed
from tests.doors.node.asking import ask, request
from tests.doors.node.nodes import Receiving, free_port, storescu, until

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


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


def test_a_report_that_can_not_go_out_keeps_back_no_other(receiving: Start, tmp_path: Path) -> None:
    """A TLS file that is missing is no end of all reports."""
    port = free_port()
    nowhere = {"report_to": f"127.0.0.1:{port}", "report_tls": {"ca": str(tmp_path / "missing.pem")}}
    node = receiving(
        senders=[{"title": "CT1", **nowhere}, {"title": "MR1", "report_to": f"127.0.0.1:{port}"}],
    )
    named = request([("1.2.3", "1.2.3.4")])
    node.commitments.asked(named, "CT1", "RECON", "127.0.0.1")
    node.commitments.asked(request([("1.2.3", "1.2.3.4")]), "MR1", "RECON", "127.0.0.1")
    modality = Modality(port)
    Reporter(node.config, node.ledger).step()
    modality.close()
    rows = {row["peer"]: row for row in node.rows("SELECT * FROM commitments")}
    assert (rows["CT1"]["state"], rows["CT1"]["attempts"]) == ("due", 1)
    assert rows["CT1"]["not_before"] > 0
    assert rows["MR1"]["state"] == "reported"


def test_what_fails_does_not_end_the_reporter(receiving: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    node = receiving()
    reporter, steps, stop = Reporter(node.config, node.ledger), [], threading.Event()

    def step() -> None:
        steps.append(1)
        raise OutputFailed("the ledger can't be written")

    monkeypatch.setattr(reporter, "step", step)
    monkeypatch.setattr(reporting, "_FIRST_S", 0.01)
    thread = threading.Thread(target=reporter.run, args=(stop,))
    thread.start()
    try:
        until(lambda: len(steps) >= 2)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(60)
