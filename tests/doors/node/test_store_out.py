"""C-STORE to dcmtk's storescp, which is not ours, and to peers that misbehave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless
from pynetdicom import AE, _config, evt
from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.outbox import Parcel
from recon.doors.node.outcome import Meaning
from recon.doors.node.peers import Destination
from recon.doors.node.store_out import store
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


def encoded(path: Path, syntax: str) -> Dataset:
    """A file with numbers of all kinds, in a sequence, too, in another syntax; returns what it says."""
    dataset = pydicom.dcmread(path)
    item = Dataset()
    item.LUTExplanation = "a table"
    item.add_new("LUTDescriptor", "US", [3, 0, 16])
    item.add_new("LUTData", "OW", np.array([1, 2, 770], "<u2").tobytes())
    dataset.ModalityLUTSequence = [item]
    dataset.TimeRange = [0.25, 1e6]  # FD
    dataset.FrameIncrementPointer = [0x00181063]  # AT
    dataset.add_new("PointCoordinatesData", "OF", np.array([1.5, -2], "<f4").tobytes())
    dataset.add_new("DoublePointCoordinatesData", "OD", np.array([1.5, -2], "<f8").tobytes())
    dataset.add_new("LongPrimitivePointIndexList", "OL", np.array([1, 70000], "<u4").tobytes())
    said = Dataset.from_json(dataset.to_json())
    if syntax == ExplicitVRBigEndian:
        for element in dataset.iterall():
            size = {"OW": 2, "OF": 4, "OL": 4, "OD": 8}.get(element.VR)
            if size is not None:
                element.value = np.frombuffer(element.value, f"<u{size}").astype(f">u{size}").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, dataset)
    return said


@pytest.mark.parametrize("taken", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("own", [ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_peer_with_another_plain_syntax_gets_the_same_numbers(
    make_series: Any, monkeypatch: pytest.MonkeyPatch, own: str, taken: str
) -> None:
    """Big-endian values must not arrive with their bytes swapped, nor sequences in the syntax that they had."""
    port, came = free_port(), []
    paths = make_series(2)
    said = [encoded(path, syntax) for path, syntax in zip(paths, (ExplicitVRLittleEndian, own), strict=True)]
    parcels = [
        Parcel(n, "1.2", "1.3", str(one.SOPInstanceUID), str(one.SOPClassUID), str(syntax), path, 0)
        for n, (one, path, syntax) in enumerate(zip(said, paths, (ExplicitVRLittleEndian, own), strict=True))
    ]
    monkeypatch.setattr(_config, "UNRESTRICTED_STORAGE_SERVICE", False)  # the node's own, in this process
    ae = AE(ae_title="PACS")
    ae.add_supported_context(said[0].SOPClassUID, taken)

    def keep(event: Any) -> int:
        came.append(event.dataset)
        return 0x0000

    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    try:
        outcomes = [one for _, one in store(Destination(dicom=f"PACS@127.0.0.1:{port}"), "RECON", parcels)]
    finally:
        server.shutdown()
    assert [one.meaning for one in outcomes] == [Meaning.SENT] * 2
    assert [one.to_json_dict() for one in came] == [one.to_json_dict() for one in said]
