"""What goes out: to dcmtk's storescp, which is not ours, and to peers that misbehave."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, RLELossless
from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.config import NodeConfig
from recon.doors.node.courier import Courier
from tests.doors.node.conftest import Receiving, compressed, free_port, node_process, peer, storescu, until
from tests.doors.node.test_rules import written

Start = Callable[..., Receiving]
QUICK = {"retry_first_s": 0.05, "retry_most_s": 0.1, "timeout_s": 5}


@contextlib.contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """dcmtk's, taking everything."""
    folder.mkdir(exist_ok=True)
    command = [peer("storescp"), "-od", str(folder), *(options or ("+xa",)), "-aet", "PACS", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def scp(port: int, answer: Callable[[Any], int]) -> Iterator[list[str]]:
    """A peer that answers as told; yields the AE titles of associations that were made."""
    made: list[str] = []
    ae = AE(ae_title="PACS")
    ae.supported_contexts = AllStoragePresentationContexts
    handlers = [
        (evt.EVT_C_STORE, answer),
        (evt.EVT_ESTABLISHED, lambda event: made.append(event.assoc.requestor.ae_title)),
    ]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield made
    finally:
        server.shutdown()


def received(node: Receiving, files: list[Path], *options: str) -> None:
    assert storescu(node.port, *files, options=options).returncode == 0
    until(node.decider.look)


def deliver(node: Receiving, name: str = "PACS", steps: int = 50) -> None:
    """Let a courier work until there is nothing to do, or it waits for its peer."""
    courier = Courier(node.config, node.ledger, name, threading.Event())
    for _ in range(steps):
        if courier.step() > 0:
            return


def states(node: Receiving) -> dict[str, int]:
    rows = node.rows("SELECT state, count(*) AS count FROM deliveries GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


def to_pacs(port: int, **more: Any) -> dict[str, Any]:
    destination = {"dicom": f"PACS@127.0.0.1:{port}", **QUICK, **more}
    return {"destinations": {"PACS": destination}, "otherwise": {"originals_to": ["PACS"]}}


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
def test_an_object_that_is_refused_becomes_a_dead_letter(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """The others go, it is tried so often and no more, and it can be seen and started again."""
    port = free_port()
    node = receiving(**to_pacs(port, final_after=2))
    received(node, make_series(3))
    bad = node.rows("SELECT sop FROM deliveries ORDER BY number")[1]["sop"]
    tries: list[str] = []

    def answer(event: Any) -> int:
        tries.append(str(event.request.AffectedSOPInstanceUID))
        return 0xC123 if tries[-1] == bad else 0xB000

    with scp(port, answer):
        until(lambda: deliver(node) or states(node).get("dead") == 1)
        deliver(node)
    assert states(node) == {"dead": 1, "sent": 2}
    assert tries.count(bad) == 2
    (letter,) = node.rows("SELECT * FROM deliveries WHERE state = 'dead'")
    assert letter["reason"] == "refused with status C123"
    assert {row["reason"] for row in node.rows("SELECT * FROM deliveries WHERE state = 'sent'")} == {
        "accepted with warning B000"
    }
    path = written(node.config, tmp_path)
    shown = CliRunner().invoke(app, ["node", "queue", "--config", path])
    assert "1 dead letters to PACS: refused with status C123" in shown.stdout
    assert CliRunner().invoke(app, ["node", "retry", "--config", path]).exit_code == 0
    with scp(port, lambda event: 0x0000):
        deliver(node)
    assert states(node) == {"sent": 3}


@pytest.mark.service
def test_a_full_peer_is_tried_again_and_never_refused(receiving: Start, make_series: Any) -> None:
    port = free_port()
    node = receiving(**to_pacs(port, final_after=1))
    received(node, make_series(2))
    with scp(port, lambda event: 0xA700):
        for _ in range(4):
            deliver(node)
    assert states(node) == {"pending": 2}
    with scp(port, lambda event: 0x0000):
        until(lambda: deliver(node) or states(node) == {"sent": 2})


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
def test_a_destination_that_is_down_holds_up_no_other(
    configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path
) -> None:
    """karnak#49, with the whole node running and killed: what waits for one goes to the other at once."""
    listen, gone = free_port(), free_port()
    config = configured(
        listen=f"127.0.0.1:{listen}",
        destinations={
            "GONE": {"dicom": f"PACS@127.0.0.1:{gone}", **QUICK},
            "DISK": {"folder": str(tmp_path / "disk"), **QUICK},
        },
        otherwise={"originals_to": ["GONE", "DISK"]},
    )
    with node_process(config, tmp_path) as process:
        assert storescu(listen, *make_series(4)).returncode == 0
        until(lambda: len(list((tmp_path / "disk").rglob("*.dcm"))) == 4, 60)
        process.send_signal(signal.SIGKILL)
    with storescp(tmp_path / "pacs", gone), node_process(config, tmp_path):
        until(lambda: len(list((tmp_path / "pacs").iterdir())) == 4, 60)
    assert len(list((tmp_path / "disk").rglob("*.dcm"))) == 4
    log = (tmp_path / "node.log").read_text()
    study = str(pydicom.dcmread(make_series(1)[0]).StudyInstanceUID)
    for secret in ("Test^Patient", '"T1"', "ABDOMEN", study):  # quoted: a time of day holds T1, too
        assert secret not in log


@pytest.mark.service
def test_sending_survives_sigkill(configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path) -> None:
    """Killed in the middle of a study, twice: everything arrives, the same UIDs, and nothing else."""
    listen, port = free_port(), free_port()
    config = configured(listen=f"127.0.0.1:{listen}", **to_pacs(port))
    files = make_series(20)
    node = Receiving(config)
    assert storescu(listen, *files).returncode == 0
    until(node.decider.look)
    arrived: list[str] = []

    def slow(event: Any) -> int:
        arrived.append(str(event.request.AffectedSOPInstanceUID))
        time.sleep(0.05)
        return 0x0000

    with scp(port, slow):
        for target in (5, 12):
            with node_process(config, tmp_path, "send") as process:
                until(lambda target=target: len(set(arrived)) >= target, 30)
                os.kill(process.pid, signal.SIGKILL)
        with node_process(config, tmp_path, "send"):
            until(lambda: states(node) == {"sent": 20}, 30)
    node.close()
    assert set(arrived) == {str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in files}
    assert len(arrived) <= 20 + 2, "at most the one under way is sent twice, with the same UID"


@pytest.mark.service
def test_what_is_too_old_is_given_up(receiving: Start, make_series: Any) -> None:
    node = receiving(**to_pacs(free_port(), give_up_after_s=0.2))
    received(node, make_series(1))
    deliver(node)
    time.sleep(0.3)
    deliver(node)
    (letter,) = node.rows("SELECT * FROM deliveries")
    assert letter["state"] == "dead"
    assert "given up, too old; at last: PACS@127.0.0.1" in letter["reason"]


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


@pytest.mark.service
def test_ping_says_why_not(configured: Callable[..., NodeConfig], tmp_path: Path) -> None:
    path = written(configured(**to_pacs(free_port())), tmp_path)
    for name, words in (("PACS", "can't be reached"), ("OTHER", "no destination")):
        done = subprocess.run(
            [sys.executable, "-m", "recon.cli", "node", "ping", name, "--config", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert words in done.stderr
        assert done.returncode == (1 if name == "PACS" else 2)
        assert "Traceback" not in done.stderr
