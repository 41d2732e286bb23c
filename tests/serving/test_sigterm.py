"""SIGTERM ends the service whatever runs in it, and until then it tells how it is."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from recon.wire.calls import path_of
from tests.engine.streams import eventually, scan
from tests.test_fourth_task import MODEL, toy_site
from tests.toy import METHOD, ToySeries, toy_pb2

pytestmark = pytest.mark.service
_DRAIN_S = 2.0


def _stream(channel: grpc.Channel, name: str) -> Iterator[Any]:
    """A series whose work never ends."""
    messages = list(ToySeries(*scan(1)).messages())
    messages[0].header.name = name
    stub = channel.stream_stream(
        path_of(METHOD),
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=toy_pb2.Response.FromString,
    )
    return stub(iter(messages), timeout=600)


def _take(stream: Iterator[Any]) -> None:
    try:
        for _ in stream:
            pass
    except grpc.RpcError:
        return


def _works(process: psutil.Process) -> bool:
    return "recon.engine.worker" in process.cmdline() and process.cpu_times().user > 2


def test_sigterm_ends_the_service_within_its_drain_time_whatever_runs(tmp_path: Path) -> None:
    environment = {**toy_site(tmp_path, "tests.endless:TASK", MODEL), "RECON_DRAIN_S": str(_DRAIN_S)}
    command = [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", "127.0.0.1:0"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("recon is ready on "), (tmp_path / "log").read_text()
        with grpc.insecure_channel(line.removeprefix("recon is ready on ").strip()) as channel:
            for name in ("process", "thread") * 4:  # more than there are threads
                threading.Thread(target=_take, args=(_stream(channel, name),), daemon=True).start()
            own = psutil.Process(process.pid)
            eventually(lambda: any(_works(child) for child in own.children()), 90)
            health = health_pb2_grpc.HealthStub(channel)
            assert health.Check(health_pb2.HealthCheckRequest(), timeout=20).status == 1  # not held up by any of it
            family = own.children(recursive=True)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        # the drain time, and what is allowed for Triton to end on a machine that may be busy
        assert time.monotonic() - began < _DRAIN_S + 60
        eventually(lambda: not any(child.is_running() and child.status() != "zombie" for child in family), 30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
