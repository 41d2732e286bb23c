"""Several gateways behind one port: one service to whoever calls it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest

from recon.cli.session import own_service
from recon.client import Client
from recon.client.resume import Run
from recon.client.streams import grpc_opener
from recon.errors import InvalidRequest
from recon.serving import workers
from recon.serving.server import Server
from recon.serving.settings import Settings
from recon.serving.triton.process import TritonAddress
from recon.serving.workers import HandedOn, Workers, require_free, shared
from recon.tasks.ct.series import CtSeries
from recon.tasks.registry import task_of
from recon.volumes import Geometry, Volume
from tests.conftest import body

MODEL = "ct_denoise_light"
VOLUME = Volume(
    np.stack([np.rint(body(128, 20, seed)) for seed in range(12)]),
    Geometry.from_spacing(0.7, 0.7, 3.0),
    whole_numbers=True,
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with own_service("--task", "ct", "--workers", "2") as found:
        yield found


def gateways(address: str) -> set[int]:
    """Processes that listen there."""
    port = int(address.rpartition(":")[2])
    found = set()
    for process in psutil.Process().children(recursive=True):
        if any(c.status == "LISTEN" and c.laddr.port == port for c in process.net_connections("tcp")):
            found.add(process.pid)
    return found


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def server_of(channel_port: int, pids: set[int]) -> int | None:
    """Which of the processes has a connection from a port of ours."""
    for pid in pids:
        if any(c.raddr and c.raddr.port == channel_port for c in psutil.Process(pid).net_connections("tcp")):
            return pid
    return None


@pytest.mark.service
def test_two_processes_serve_one_port_and_give_the_same_images(address: str) -> None:
    with Client(address) as client:
        client.wait_ready(60)
    pids = gateways(address)
    assert len(pids) == 2
    images: dict[int, np.ndarray] = {}
    for _ in range(40):  # the system chooses by the caller's port
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            grpc.channel_ready_future(channel).result(10)
            ports = [c.laddr.port for c in psutil.Process().net_connections("tcp") if c.status == "ESTABLISHED"]
            found = {pid for port in ports if (pid := server_of(port, pids)) is not None}
            run = Run(CtSeries(VOLUME, model=MODEL), grpc_opener(channel, task_of("ct").method), 60, 10)
            if len(found) == 1 and found - set(images):
                images[found.pop()] = np.stack([result.image for result in run])
        if len(images) == 2:
            break
    assert set(images) == pids
    one, other = images.values()
    np.testing.assert_array_equal(one, other)


@pytest.mark.service
def test_a_stream_goes_on_when_its_gateway_is_killed_and_the_gateway_comes_back(address: str) -> None:
    with Client(address) as client:
        client.wait_ready(60)
        expected = np.stack([result.image for result in client.denoise_ct(VOLUME, model=MODEL)])
        first = gateways(address)
        parent = min(first, key=lambda pid: psutil.Process(pid).create_time())
        run = client.denoise_ct(VOLUME, model=MODEL)
        images = [next(run).image]
        for pid in first - {parent}:  # whether it has this stream or not
            os.kill(pid, signal.SIGKILL)
        images += [result.image for result in run]
    np.testing.assert_array_equal(np.stack(images), expected)
    eventually(lambda: len(gateways(address)) == 2)
    assert parent in gateways(address)


def test_bounds_are_those_of_all_together() -> None:
    settings = shared(Settings(workers=3))
    whole = Settings().limits
    assert settings.limits.most_bytes == whole.most_bytes // 3
    assert 3 * settings.limits.most_streams >= whole.most_streams > 2 * settings.limits.most_streams
    assert shared(Settings()).limits == whole


def test_what_is_handed_on_can_be_read_by_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "handed-on"
    told = HandedOn(Settings().model_dump(mode="json"), "unix:/t", {"key": "secret"}, "/dev/shm/x", 7)
    told.write(path)
    assert path.stat().st_mode & 0o077 == 0
    assert HandedOn.read(path) == told
    assert Settings(**HandedOn.read(path).settings) == Settings()
    path.write_text("{}")
    with pytest.raises(InvalidRequest, match="not what a gateway hands on"):
        HandedOn.read(path)


def test_what_is_handed_on_is_there_whole_or_as_before(tmp_path: Path) -> None:
    path = tmp_path / "handed-on"
    HandedOn({}, pid=7).write(path)
    with path.open() as before:
        HandedOn({}, pid=8).write(path)
        assert '"pid": 7' in before.read()
    assert HandedOn.read(path).pid == 8
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_triton_that_has_ended_no_model_is_said_to_be_replaced() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        assert HandedOn({}, pid=process.pid).lost("ct_denoise")  # it runs, and has no process of that model
        process.kill()
    assert not HandedOn({}, pid=process.pid).lost("ct_denoise")
    assert not HandedOn({}).lost("ct_denoise")


class Started:
    """In the place of an embedded Triton, or of further gateways."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid, self.handed, self.told = pid, folder / "handed-on", list[int | None]()
        self.address = TritonAddress(f"unix:{folder}/{pid}", {"key": str(pid)}, folder)

    def triton_changed(self) -> None:
        self.told.append(HandedOn.read(self.handed).pid)


def test_a_triton_that_runs_again_is_told_to_the_further_gateways_with_its_process(tmp_path: Path) -> None:
    async def main() -> None:
        first = Server(Settings(triton="127.0.0.1:1"))
        first.workers = gateways = Started(0, tmp_path)  # type: ignore[assignment]
        HandedOn({}, pid=7).write(gateways.handed)
        first.embedded = Started(8, tmp_path)  # type: ignore[assignment]
        first._triton_changed(False)
        first._triton_changed(True)
        assert gateways.told == [7, 8]
        assert first.triton.server.address.headers == {"key": "8"}

        further = Server(Settings(), HandedOn({}, "unix:/old", {"key": "7"}, str(tmp_path), 7))
        further.told(gateways.handed)
        assert further._handed is not None
        assert (further._handed.pid, further.triton.server.address.headers) == (8, {"key": "8"})
        gateways.handed.unlink()  # the first one is leaving
        further.told(gateways.handed)
        assert further._handed.pid == 8
        first.embedded = first.workers = None
        for server in (first, further):
            await server.stop(0.0)

    asyncio.run(main())


def test_no_gateway_is_started_again_while_the_service_drains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_AGAIN_S", 0.1)

    async def main() -> None:
        gateways: Any = Workers(1, tmp_path / "handed-on")
        spawned: list[int] = []

        async def spawn(number: int) -> None:
            spawned.append(number)

        gateways._spawn = spawn
        gateways._processes[1] = ended = await asyncio.create_subprocess_exec("/bin/true")
        await ended.wait()
        keeping = asyncio.create_task(gateways._keep(1))
        await asyncio.sleep(0.05)
        gateways.drain()
        await asyncio.wait_for(keeping, 5)
        assert spawned == []

    asyncio.run(main())


def test_a_port_that_others_listen_on_is_not_shared_with_them() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InvalidRequest, match="the port is taken"):
            require_free(f"127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(InvalidRequest, match="address of a network"):
        require_free("unix:/tmp/x")
