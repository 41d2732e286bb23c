"""A node on free ports, and the independent programs that send to it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
import yaml

from recon.doors.node.commitment import Commitments
from recon.doors.node.completion import Decider
from recon.doors.node.config import NodeConfig
from recon.doors.node.inbox import Inbox
from recon.doors.node.ledger import Ledger
from recon.doors.node.receive import Receiver
from recon.doors.node.space import Watermark

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for something to become true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


class Receiving:
    """Receiving and deciding, in this process."""

    def __init__(self, config: NodeConfig) -> None:
        self.config, self.ledger = config, Ledger(config.folder)
        self.commitments = Commitments(config, self.ledger)
        self.inbox = Inbox(self.ledger, Watermark(config.folder, config.limits))
        self.receiver = Receiver(config, self.inbox, self.commitments)
        self.decider = Decider(config, self.ledger)
        self.port = self.receiver.port

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.ledger.looking() as base:
            return [dict(row) for row in base.execute(query, values).fetchall()]

    def close(self) -> None:
        self.receiver.close()
        self.ledger.close()


def peer(program: str) -> str:
    # the system's: pynetdicom installs programs of the same names
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{program} is not installed: make peers")
    return found


def storescu(
    port: int, *files: Path, calling: str = "CT1", called: str = "RECON", options: tuple[str, ...] = ()
) -> Any:
    """Send files with dcmtk."""
    command = [peer("storescu"), "-v", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(port)]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, timeout=120, check=False)


def echoscu(port: int, *options: str, calling: str = "CT1", called: str = "RECON", timeout: float = 30) -> Any:
    command = [peer("echoscu"), "-v", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@contextmanager
def node_process(config: NodeConfig, tmp_path: Path, part: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """``recon node run`` (or one part of it) as a process; yields when it is ready, kills it in the end."""
    path = tmp_path / "node.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True)))
    words = ["recon.doors.node", part, str(path)] if part else ["recon.cli", "node", "run", "--config", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        stderr=(tmp_path / "node.log").open("a"),
    )
    try:
        assert process.stdout is not None
        if part in (None, "receive"):
            line = process.stdout.readline()
            assert line.startswith("recon node is ready"), (tmp_path / "node.log").read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def compressed(path: Path, target: Path) -> Path:
    """The same instance in a compressed transfer syntax."""
    dataset = pydicom.dcmread(path)
    dataset.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    dataset.save_as(target)
    return target
