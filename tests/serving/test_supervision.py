"""What happens when processes die and signals come."""

from __future__ import annotations

import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from recon.client import Client
from recon.errors import ReconError, ServiceUnavailable
from recon.volumes import Volume
from tests.serving.processes import SERIES, Service, is_alive, running, segments

pytestmark = pytest.mark.service

#: Most of it is still to come when its first slices are here, however fast the machine.
LONG = Volume(np.broadcast_to(SERIES.values[:1], (400, *SERIES.shape[1:])), SERIES.geometry)
SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that only the services of this test use; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture(scope="module")
def supervised() -> Iterator[Service]:
    """One service whose Triton and models are killed again and again."""
    with running("--task", "ct") as service:
        yield service


@pytest.fixture
def service(supervised: Service) -> Service:
    """The same, once it is ready again."""
    with Client(supervised.address) as client:
        client.wait_ready(90)
    return supervised


def _health(address: str) -> int:
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(address))
    return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status)


def test_sigterm_drains_exits_zero_and_leaves_nothing_behind(scratch: Path) -> None:
    service = Service()
    assert segments(service)
    assert list(scratch.glob("recon-*"))
    with Client(service.address) as client:
        run = client.denoise_ct(SERIES)
        next(run)
        service.process.send_signal(signal.SIGTERM)
        assert sum(1 for _ in run) == SERIES.shape[0] - 1  # what was under way is finished
    assert service.process.wait(90) == 0
    service.wait_gone()
    assert not segments(service)
    assert not list(scratch.glob("recon-*"))
    host, _, port = service.address.rpartition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_a_killed_gateway_takes_everything_with_it_and_is_named_within_the_callers_patience(scratch: Path) -> None:
    service = Service()
    assert segments(service)
    assert list(scratch.glob("recon-*"))
    with Client(service.address) as client:
        run = client.denoise_ct(LONG, patience_s=1.0)
        kept = [next(run).index for _ in range(5)]
        service.process.kill()
        began = time.monotonic()
        with pytest.raises(ReconError, match="can't be reached"):
            kept.extend(result.index for result in run)
        assert time.monotonic() - began < 60
        assert run.finished >= 5
    service.process.wait(60)
    service.wait_gone()
    assert not segments(service)
    assert not list(scratch.glob("recon-*"))


def test_a_stub_that_hangs_does_not_keep_triton_from_being_restarted(service: Service) -> None:
    with Client(service.address) as client:
        triton = service.triton()
        for stub in triton.children(recursive=True):
            stub.suspend()
        triton.kill()
        triton.wait(60)
        assert len(list(client.denoise_ct(SERIES, patience_s=60))) == SERIES.shape[0]
        assert service.triton().pid != triton.pid


def test_a_models_process_that_ends_is_replaced_and_triton_goes_on(service: Service) -> None:
    with Client(service.address) as client:
        triton = service.triton()
        stubs = [child for child in triton.children(recursive=True) if "stub" in child.name()]
        for stub in stubs:
            stub.kill()
        assert len(list(client.denoise_ct(SERIES, patience_s=60))) == SERIES.shape[0]
        assert service.triton().pid == triton.pid
        assert not any(is_alive(stub.pid) for stub in stubs)
        assert service.log("model_replaced")


def test_triton_is_restarted_and_the_client_finishes_its_series(service: Service) -> None:
    with Client(service.address) as client:
        reference = next(client.denoise_ct(Volume(SERIES.values[:1], SERIES.geometry))).image
        triton = service.triton()
        run = client.denoise_ct(LONG, patience_s=60)
        for _ in range(10):
            next(run)
        triton.kill()
        rest = list(run)
        assert [result.index for result in rest] == list(range(10, LONG.shape[0]))
        np.testing.assert_array_equal(rest[-1].image, list(client.denoise_ct(LONG))[-1].image)
        np.testing.assert_array_equal(
            next(client.denoise_ct(Volume(SERIES.values[:1], SERIES.geometry))).image, reference
        )
        assert run.attempts >= 2
        assert service.log("triton_died")


def test_while_triton_is_away_health_says_so_and_requests_may_be_tried_again(service: Service) -> None:
    assert _health(service.address) == SERVING
    triton = service.triton()
    triton.kill()
    deadline = time.monotonic() + 60
    while _health(service.address) == SERVING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with Client(service.address) as client, pytest.raises(ServiceUnavailable, match="try again"):
        list(client.denoise_ct(SERIES, patience_s=0.0))
    deadline = time.monotonic() + 90
    while _health(service.address) != SERVING:
        assert time.monotonic() < deadline
        time.sleep(0.1)
