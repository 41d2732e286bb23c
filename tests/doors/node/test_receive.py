"""What comes in, from dcmtk's programs: an implementation that is not ours."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from recon.doors.node.config import NodeConfig
from recon.doors.node.facts import pseudonym
from recon.doors.node.ledger import Ledger
from recon.doors.node.part10 import split
from tests.doors.node.conftest import Receiving, compressed, echoscu, free_port, node_process, storescu, until

pytestmark = pytest.mark.service
Start = Callable[..., Receiving]


def data_of(path: Path) -> bytes:
    content = path.read_bytes()
    return content[split(content)[1] :]


def test_echo(receiving: Start) -> None:
    assert echoscu(receiving().port).returncode == 0


def test_objects_are_kept_as_they_came(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """mercure#49: what the sender encoded is what lies there, compressed or damaged or of an unknown class."""
    node = receiving()
    plain, other, odd, text = make_series(4)
    rle = compressed(other, tmp_path / "rle.dcm")
    dataset = pydicom.dcmread(odd)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.3"
    dataset.save_as(odd)
    dataset = pydicom.dcmread(text)
    dataset.add_new(0x00204000, "LT", "x" * 70_000)  # longer than any reader likes
    dataset[0x00281053].value = "1"
    dataset.save_as(text)
    for path, options in ((plain, ()), (rle, ("-xr",)), (odd, ()), (text, ())):
        assert storescu(node.port, path, options=options).returncode == 0
    kept = {row["sop"]: Path(row["path"]) for row in node.rows("SELECT * FROM instances")}
    assert len(kept) == 4
    for path in (plain, rle, odd, text):
        sop = pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID
        meta = pydicom.dcmread(kept[sop], stop_before_pixels=True).file_meta
        assert meta.SourceApplicationEntityTitle == "CT1"
        assert meta.TransferSyntaxUID == pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
        # dcmtk writes group lengths and padding its own way; the values are what has to be the same
        assert pydicom.dcmread(kept[sop]) == pydicom.dcmread(path)


def test_names_of_files_hold_no_patient_data(receiving: Start, make_series: Any) -> None:
    node = receiving()
    storescu(node.port, *make_series(1, PatientID="SECRET", PatientName="Doe^Jane"))
    (row,) = node.rows("SELECT * FROM instances JOIN series ON series.number = instances.series")
    assert Path(row["path"]).name == pseudonym(row["sop"]) + ".dcm"
    assert row["sop"] not in row["path"]
    assert row["uid"] not in row["path"]


def test_the_same_twice_is_kept_once(receiving: Start, make_series: Any) -> None:
    node = receiving()
    (path,) = make_series(1)
    for _ in range(2):
        assert storescu(node.port, path).returncode == 0
    assert len(node.rows("SELECT * FROM instances")) == 1
    assert node.rows("SELECT * FROM said WHERE about LIKE 'instance%'") == []


@pytest.mark.parametrize(("answer", "status"), [("accept", 0), ("refuse", 0xC001)])
def test_another_with_the_same_uid(receiving: Start, make_series: Any, answer: str, status: int) -> None:
    """dcm4che#1103: the first is kept, the ledger says so, the sender hears what the site wants it to hear."""
    node = receiving(differing_duplicate=answer)
    (path,) = make_series(1)
    storescu(node.port, path)
    (before,) = node.rows("SELECT * FROM instances")
    dataset = pydicom.dcmread(path)
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(path)
    done = storescu(node.port, path, options=("-d",))
    assert f"0x{status:04x}" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == [before]
    assert "other content" in node.rows("SELECT * FROM said WHERE about LIKE 'instance%'")[0]["words"]


def test_no_room_is_said(receiving: Start, make_series: Any) -> None:
    node = receiving(limits={"free_gb": 1e9})
    done = storescu(node.port, *make_series(1), options=("-d",))
    assert "0xa700" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == []
    assert echoscu(node.port).returncode == 0


def test_failing_to_write_is_no_success(receiving: Start, make_series: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """dicoogle#721: success was said although storing had failed."""
    node = receiving()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recon.doors.node.inbox.os.fsync", full)
    done = storescu(node.port, *make_series(1), options=("-d",))
    assert "0xa700" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == []


@pytest.mark.parametrize(
    ("calling", "called", "words"),
    [("CT1", "OTHER", "Called AE Title Not Recognized"), ("STRANGER", "RECON", "Calling AE Title Not Recognized")],
)
def test_strangers_hear_why(receiving: Start, calling: str, called: str, words: str) -> None:
    node = receiving(senders=[{"title": "CT1", "address": "127.0.0.0/8"}])
    done = echoscu(node.port, calling=calling, called=called)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr


def test_a_known_title_from_elsewhere_is_a_stranger(receiving: Start) -> None:
    node = receiving(senders=[{"title": "CT1", "address": "10.1.0.0/16"}])
    done = echoscu(node.port)
    assert "Calling AE Title Not Recognized" in done.stdout + done.stderr


def associate(port: int, calling: str) -> Any:
    ae = AE(ae_title=calling)
    ae.add_requested_context(CTImageStorage)
    return ae.associate("127.0.0.1", port, ae_title="RECON")


def test_the_limit_of_one_sender_leaves_room_for_others(receiving: Start) -> None:
    """pynetdicom#629: beyond the limit there is an answer, and at once."""
    node = receiving(senders=[{"title": "CT1", "most_associations": 2}, {"title": "CT2", "most_associations": 30}])
    held = [associate(node.port, "CT1") for _ in range(2)]
    began = time.monotonic()
    third = associate(node.port, "CT1")
    assert third.is_rejected
    assert (third.acceptor.primitive.result_source, third.acceptor.primitive.diagnostic) == (3, 2)
    assert time.monotonic() - began < 3
    many = [associate(node.port, "CT2") for _ in range(25)]
    assert all(one.is_established for one in many)
    for one in (*held, *many):
        one.release()
    assert until(lambda: associate(node.port, "CT1").is_established)


def test_a_caller_that_goes_silent_is_let_go(receiving: Start, make_series: Any) -> None:
    """mercure#45: a sender that stays open in the middle of a PDU holds neither its place nor the series."""
    node = receiving(
        limits={"idle_s": 1.0, "free_gb": 0.01, "free_share": 0.0}, senders=[{"title": "*", "most_associations": 1}]
    )
    half = associate(node.port, "CT1")
    half.dul.socket.socket.sendall(b"\x04\x00\x00\x00\x40\x00" + b"x" * 10)
    assert until(lambda: echoscu(node.port).returncode == 0, 10)


def test_tls_of_both_versions(receiving: Start, certificates: dict[str, Path], make_series: Any) -> None:
    node = receiving(tls={"cert": str(certificates["node"]), "key": str(certificates["node_key"])})
    known = ("+cf", str(certificates["ca"]))
    assert echoscu(node.port, "+tla", *known).returncode == 0
    assert storescu(node.port, *make_series(3), options=("+tla", *known)).returncode == 0
    for version, option in (("1.3", "-tls1_3"), ("1.2", "-tls1_2")):
        command = ["openssl", "s_client", option, "-connect", f"127.0.0.1:{node.port}", "-brief"]
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
        assert f"TLSv{version}" in done.stdout + done.stderr
    command = ["openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{node.port}"]
    old = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
    assert old.returncode != 0
    assert echoscu(node.port).returncode != 0, "in the clear"


def test_tls_asks_for_a_certificate_where_told_to(receiving: Start, certificates: dict[str, Path]) -> None:
    files = {"cert": str(certificates["node"]), "key": str(certificates["node_key"]), "ca": str(certificates["ca"])}
    node = receiving(tls=files)
    known = ("+cf", str(certificates["ca"]))
    assert echoscu(node.port, "+tla", *known).returncode != 0
    ours = (str(certificates["caller_key"]), str(certificates["caller"]))
    assert echoscu(node.port, "+tls", *ours, *known).returncode == 0


def test_a_silent_tls_client_shuts_nobody_out(receiving: Start, certificates: dict[str, Path]) -> None:
    """dcm4che#939: the handshake is off the accepting thread, and has a clock."""
    node = receiving(
        tls={"cert": str(certificates["node"]), "key": str(certificates["node_key"])},
        limits={"handshake_s": 1.5, "free_gb": 0.01, "free_share": 0.0},
    )
    silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(5)]
    began = time.monotonic()
    assert echoscu(node.port, "+tla", "+cf", str(certificates["ca"])).returncode == 0
    assert time.monotonic() - began < 1.4
    silent[0].settimeout(10)
    assert silent[0].recv(1) == b"", "closed by the node when its time is over"
    for one in silent:
        one.close()


def test_many_senders_at_a_time(receiving: Start, make_series: Any) -> None:
    node = receiving(senders=[{"title": "*", "most_associations": 30}])
    series = [make_series(2, size=32) for _ in range(12)]
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda files=files: done.append(storescu(node.port, *files).returncode))
        for files in series
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [0] * 12
    assert len(node.rows("SELECT * FROM instances")) == 24


def test_what_was_confirmed_survives_sigkill(
    configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path
) -> None:
    """Killed again and again in the middle of a series: what was answered 0000 is there, whole, once."""
    config = configured(listen=f"127.0.0.1:{free_port()}")
    port = int(config.listen.rpartition(":")[2])
    files = make_series(40, size=96)
    confirmed: set[str] = set()
    for round_ in range(3):
        with node_process(config, tmp_path, "receive") as process:
            ae = AE(ae_title="CT1")
            ae.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
            ae.dimse_timeout = ae.network_timeout = 3
            association = ae.associate("127.0.0.1", port, ae_title="RECON")
            assert association.is_established
            timer = threading.Timer(0.05 + 0.1 * round_, os.kill, (process.pid, signal.SIGKILL))
            timer.start()
            for path in files:
                if str(path) in confirmed and round_ % 2:
                    continue
                try:
                    status = association.send_c_store(path)
                except RuntimeError:
                    break
                if status and status.Status == 0:
                    confirmed.add(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
            timer.cancel()
            association.abort()
    with node_process(config, tmp_path, "receive"):
        assert storescu(port, *files).returncode == 0
    assert confirmed
    ledger = Ledger(config.folder)
    with ledger.looking() as base:
        kept = {row["sop"]: Path(row["path"]) for row in base.execute("SELECT * FROM instances")}
    ledger.close()
    assert confirmed <= set(kept)
    assert len(kept) == 40
    for path in files:
        dataset = pydicom.dcmread(path)
        assert pydicom.dcmread(kept[dataset.SOPInstanceUID]).PixelData == dataset.PixelData
    on_disk = sorted((config.folder / "incoming").rglob("*.dcm"))
    assert on_disk == sorted(kept.values())
    assert list((config.folder / "arriving").iterdir()) == []


def test_a_file_without_its_row_is_adopted(receiving: Start, make_series: Any, configured: Any) -> None:
    """Killed between the rename and the ledger's commit."""
    node = receiving()
    storescu(node.port, *make_series(2), calling="CT7")
    with node.ledger.writing() as base:
        base.execute("DELETE FROM instances")
        base.execute("DELETE FROM series")
    assert node.inbox.adopt() == 2
    (series,) = node.rows("SELECT * FROM series")
    assert '"calling": "CT7"' in series["facts"]
    assert node.inbox.adopt() == 0


def test_damaged_and_big_endian_data_pass(receiving: Start) -> None:
    node = receiving()
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.PatientName = "A^B"
    ae = AE(ae_title="OLD")
    ae.add_requested_context(CTImageStorage, ExplicitVRBigEndian)
    association = ae.associate("127.0.0.1", node.port, ae_title="RECON")
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert association.send_c_store(dataset).Status == 0
    association.release()
    (row,) = node.rows("SELECT * FROM instances")
    assert row["syntax"] == ExplicitVRBigEndian
