"""Reports on commitment go out on associations of their own, when they can be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as PUSH

from recon.doors.node.reporter import Reporter
from tests.doors.node.asking import ask, request
from tests.doors.node.nodes import Receiving, free_port, storescu

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
