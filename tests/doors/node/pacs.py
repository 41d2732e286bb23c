"""Peers that take what the node sends, and what became of it."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from pynetdicom import AE, AllStoragePresentationContexts, evt

from recon.doors.node.courier import Courier
from tests.doors.node.nodes import Receiving, peer, storescu, until

QUICK = {"retry_first_s": 0.05, "retry_most_s": 0.1, "timeout_s": 5}


@contextlib.contextmanager
def storescp(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """dcmtk's, taking everything."""
    folder.mkdir(exist_ok=True)
    command = [peer("storescp"), "-od", str(folder), *(options or ("+xa",)), "-aet", "PACS", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: any(one.status == psutil.CONN_LISTEN for one in psutil.Process(process.pid).connections()))
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
