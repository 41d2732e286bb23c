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


def test_what_works_on_a_series_counts_as_its_gateway_while_it_runs_and_after() -> None:
    """As the engine does: a process for each series, which ends with it."""
    work = "import sys; sum(range(9_000_000)); data = b'x' * (80 << 20); print(flush=True); sys.stdin.read()"
    code = (
        "import subprocess, sys; pipe = subprocess.PIPE\n"
        f"one = subprocess.Popen([sys.executable, '-c', {work!r}, 'recon.engine.worker'], stdin=pipe, stdout=pipe)\n"
        "one.stdout.readline(); print(flush=True); input()\n"
        "one.communicate(); print(flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        processes = Processes({process.pid: "gateway"})
        process.stdout.readline()
        running = processes.usage()["gateway"]
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        after = processes.usage()["gateway"]
        process.stdin.close()
    assert after.cpu_s >= running.cpu_s - 0.02 > 0.05
    assert running.resident_mib > after.resident_mib + 80


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
