"""C-STORE to dcmtk's storescp, which is not ours, and to peers that misbehave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, RLELossless
from pynetdicom import AE, _config, evt
from typer.testing import CliRunner

from recon.cli.main import app
from tests.doors.node.nodes import Receiving, compressed, free_port
from tests.doors.node.pacs import deliver, received, scp, states, storescp, to_pacs
from tests.doors.node.test_rules import written

Start = Callable[..., Receiving]


@pytest.mark.service
def test_originals_arrive_untouched(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """Weasis#899: what is passed on is the same bytes, compressed or not."""
    port = free_port()
    node = receiving(**to_pacs(port))
    plain = make_series(3)
    rle = compressed(plain.pop(), tmp_path / "rle.dcm")
    with storescp(tmp_path / "pacs", port):
        received(node, plain)
        received(node, [rle], "-xr")
        deliver(node)
    assert states(node) == {"sent": 3}
    arrived = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path) for path in (tmp_path / "pacs").iterdir()}
    for path in (*plain, rle):
        original = pydicom.dcmread(path)
        copy = arrived[original.SOPInstanceUID]
        assert copy == original
        assert copy.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID


@pytest.mark.service
def test_it_is_decompressed_only_for_a_peer_that_refuses(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """DICOM-RST#56: nothing accepted must neither loop nor be counted as sent."""
    port = free_port()
    node = receiving(**to_pacs(port))
    (path,) = make_series(1)
    rle = compressed(path, tmp_path / "rle.dcm")
    assert pydicom.dcmread(rle).file_meta.TransferSyntaxUID == RLELossless
    with storescp(tmp_path / "pacs", port, "+xi"):  # implicit little endian and nothing else
        received(node, [rle], "-xr")
        deliver(node)
    assert states(node) == {"sent": 1}
    (arrived,) = (pydicom.dcmread(file) for file in (tmp_path / "pacs").iterdir())
    assert arrived.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert (arrived.pixel_array == pydicom.dcmread(path).pixel_array).all()
    assert arrived.SOPInstanceUID == pydicom.dcmread(path).SOPInstanceUID


@pytest.mark.service
def test_a_study_goes_on_one_association(receiving: Start, make_series: Any) -> None:
    port = free_port()
    node = receiving(**to_pacs(port))
    received(node, make_series(6))
    with scp(port, lambda event: 0x0000) as made:
        deliver(node)
    assert made == ["RECON"]
    assert states(node) == {"sent": 6}


@pytest.mark.service
def test_a_class_that_the_peer_does_not_take_is_refused_alone(
    receiving: Start, make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    node = receiving(**to_pacs(port, final_after=1))
    ct, mr = make_series(2)
    dataset = pydicom.dcmread(mr)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    dataset.save_as(mr)
    received(node, [ct, mr])
    monkeypatch.setattr(_config, "UNRESTRICTED_STORAGE_SERVICE", False)  # the node's own, in this process
    ae = AE(ae_title="PACS")
    ae.add_supported_context("1.2.840.10008.5.1.4.1.1.2")
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda event: 0)])
    deliver(node)
    server.shutdown()
    assert states(node) == {"dead": 1, "sent": 1}
    (letter,) = node.rows("SELECT * FROM deliveries WHERE state = 'dead'")
    assert "the peer takes no MR Image Storage" in letter["reason"]


@pytest.mark.service
def test_sending_speaks_tls(receiving: Start, make_series: Any, tmp_path: Path, certificates: dict[str, Path]) -> None:
    port = free_port()
    files = {"ca": certificates["ca"], "cert": certificates["caller"], "key": certificates["caller_key"]}
    node = receiving(**to_pacs(port, tls={name: str(path) for name, path in files.items()}))
    received(node, make_series(2))
    tls = ("+tls", str(certificates["node_key"]), str(certificates["node"]), "+cf", str(certificates["ca"]))
    with storescp(tmp_path / "pacs", port, "+xa", *tls):
        done = CliRunner().invoke(app, ["node", "ping", "PACS", "--config", written(node.config, tmp_path)])
        assert "PACS answers" in done.stdout
        deliver(node)
    assert states(node) == {"sent": 2}
