"""CPU time and memory are those of the processes that are meant."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from recon.bench.processes import Processes, busy_s, listener
from recon.errors import InvalidRequest

pytestmark = pytest.mark.service


def test_cpu_time_and_peak_memory_of_a_process() -> None:
    code = "data = bytearray(64 << 20); del data; print(sum(range(3_000_000)), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        found = Processes({process.pid: "worker", os.getpid(): "this"}, alone=frozenset({os.getpid()})).usage()
        process.stdin.close()
    assert set(found) == {"worker", "this"}
    assert found["worker"].peak_mib > 64
    assert found["worker"].resident_mib < found["worker"].peak_mib - 50
    assert 0.02 < found["worker"].cpu_s < 30


def test_a_process_that_is_gone_is_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert Processes({process.pid: "gone"}).usage() == {}


def test_the_listener_is_found_by_its_address() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert listener(f"127.0.0.1:{server.getsockname()[1]}") == os.getpid()
    with pytest.raises(InvalidRequest, match="no HOST:PORT"):
        listener("localhost")


def test_the_machine_has_been_busy() -> None:
    before = busy_s()
    sum(range(2_000_000))
    assert busy_s() >= before > 0
