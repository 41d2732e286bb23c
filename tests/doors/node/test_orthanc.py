"""Orthanc as source and as archive: sends, receives, is asked for storage commitment and asks for it, and STOW-RS."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recon.doors.node.reporter import Reporter
from tests.doors.node.nodes import Receiving, free_port, node_process, peer, until
from tests.doors.node.pacs import QUICK, deliver, received, states
from tests.doors.node.working import ct_rule

pytestmark = pytest.mark.service


class Orthanc:
    def __init__(self, folder: Path, node_port: int) -> None:
        self.dicom, self.http = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        folder.mkdir(exist_ok=True)
        self._config = folder / "orthanc.json"
        settings = {
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": True,
            "DicomModalities": {"recon": {"AET": "RECON", "Host": "127.0.0.1", "Port": node_port}},
            "Plugins": ["/usr/share/orthanc/plugins"],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        self._config.write_text(json.dumps(settings))
        self.start()

    def start(self) -> None:
        command = [peer("Orthanc"), str(self._config)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, 30)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/system").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=30).json()

    def post(self, path: str, **content: Any) -> Any:
        return httpx.post(f"{self.url}{path}", timeout=60, **content).json()

    @property
    def sops(self) -> set[str]:
        return {one["MainDicomTags"]["SOPInstanceUID"] for one in self.get("/instances?expand")}

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Callable[[int], Orthanc]]:
    started: list[Orthanc] = []

    def start(node_port: int) -> Orthanc:
        started.append(Orthanc(tmp_path / "orthanc", node_port))
        return started[-1]

    yield start
    for one in started:
        one.close()


def senders(archive_port: int) -> list[dict[str, Any]]:
    return [{"title": "*", "report_to": f"127.0.0.1:{archive_port}"}]


def test_it_commits_what_we_send_and_is_told_what_we_hold(
    receiving: Callable[..., Receiving], make_series: Any, orthanc: Callable[[int], Orthanc]
) -> None:
    listen = free_port()
    archive = orthanc(listen)
    node = receiving(
        listen=f"127.0.0.1:{listen}",
        senders=senders(archive.dicom),
        otherwise={"originals_to": ["ORTHANC"]},
        destinations={"ORTHANC": {"dicom": f"ORTHANC@127.0.0.1:{archive.dicom}", "commitment": True, **QUICK}},
    )
    received(node, make_series(3))
    until(lambda: deliver(node, "ORTHANC") or states(node) == {"committed": 3}, 30)
    assert archive.sops == {row["sop"] for row in node.rows("SELECT sop FROM instances")}
    for path in make_series(2):
        archive.post("/instances", content=path.read_bytes())
    new = [one["ID"] for one in archive.get("/instances?expand")]
    archive.post("/modalities/recon/store", json=new)
    asked = archive.post("/modalities/recon/storage-commitment", json={"Resources": new})
    until(lambda: node.rows("SELECT * FROM commitments WHERE ours = 0"))
    Reporter(node.config, node.ledger).step()
    told = until(lambda: _ended(archive.get(f"/storage-commitment/{asked['ID']}")), 20)
    assert told["Status"] == "Success"
    assert len(told["Success"]) == 5
    assert told["Failures"] == []


def _ended(report: dict[str, Any]) -> dict[str, Any] | None:
    return report if report["Status"] != "Pending" else None


def test_stow_reaches_it_and_is_counted(
    receiving: Callable[..., Receiving], make_series: Any, orthanc: Callable[[int], Orthanc]
) -> None:
    """dicomweb-client#42: a success is believed when the archive names, or shows, what it stored."""
    archive = orthanc(free_port())
    node = receiving(
        otherwise={"originals_to": ["WEB"]}, destinations={"WEB": {"stow": f"{archive.url}/dicom-web", **QUICK}}
    )
    received(node, make_series(4))
    deliver(node, "WEB")
    assert states(node) == {"sent": 4}
    assert archive.sops == {row["sop"] for row in node.rows("SELECT sop FROM instances")}
    archive.close()
    received(node, make_series(1))
    deliver(node, "WEB")
    assert states(node) == {"sent": 4, "pending": 1}
    archive.start()
    until(lambda: deliver(node, "WEB") or states(node) == {"sent": 5}, 30)


def test_everything_arrives_whoever_is_killed(
    configured: Any, make_series: Any, tmp_path: Path, service: str, orthanc: Callable[[int], Orthanc]
) -> None:
    """Orthanc sends, node works, Orthanc keeps and commits; both are killed at random moments in between."""
    listen = free_port()
    archive = orthanc(listen)
    changes = ct_rule(tmp_path, to=["ORTHANC"], originals_to=["ORTHANC"])
    changes["destinations"] = {
        "ORTHANC": {"dicom": f"ORTHANC@127.0.0.1:{archive.dicom}", "commitment": True, "commitment_wait_s": 2, **QUICK}
    }
    config = configured(listen=f"127.0.0.1:{listen}", service=service, senders=senders(archive.dicom), **changes)
    for path in make_series(3, size=96):
        archive.post("/instances", content=path.read_bytes())
    ours = [one["ID"] for one in archive.get("/instances?expand")]
    dice = random.Random(int(os.environ.get("RECON_SEED", "5")))
    with node_process(config, tmp_path) as process:
        archive.post("/modalities/recon/store", json=ours)
        kill = threading.Timer(dice.uniform(0, 4), os.kill, (process.pid, signal.SIGKILL))
        kill.start()
        process.wait()
    archive.close()
    with node_process(config, tmp_path):
        time.sleep(dice.uniform(0, 3))
        archive.start()
        archive.post("/modalities/recon/store", json=ours)
        node = Receiving.__new__(Receiving)
        from recon.doors.node.ledger import Ledger

        node.ledger = Ledger(config.folder)
        until(lambda: set(states(node)) == {"committed"} and len(archive.sops) == 3 + 6, 120)
        assert states(node) == {"committed": 9}
        node.ledger.close()
    kinds = [archive.get(f"/series/{one}")["MainDicomTags"]["Modality"] for one in archive.get("/series")]
    assert sorted(kinds) == ["CT", "CT", "CT", "OT", "SR"]
