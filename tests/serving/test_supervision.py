"""What happens when processes die, ports are taken and signals come; every test has a service of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from recon.client import Client, Tls
from recon.engine.repository import default_repository
from recon.errors import ReconError, ServiceUnavailable
from recon.volumes import Geometry, Volume
from tests.conftest import body

pytestmark = pytest.mark.service

SERVING = health_pb2.HealthCheckResponse.SERVING
SERIES = Volume(np.stack([body(128, 20, seed) for seed in range(3)] * 40), Geometry.from_spacing(0.7, 0.7, 3))


class Service:
    """A ``recon serve`` process and what it prints."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.lines: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        self.address = line.rpartition(" ")[2].strip()
        self.family = {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.lines.append(json.loads(line))

    def triton(self) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.name().startswith("triton"))

    def wait_gone(self, seconds: float = 15) -> None:
        """Return when no process of this service is left."""
        deadline = time.monotonic() + seconds
        while any(psutil.pid_exists(pid) and _alive(pid) for pid in {*self.family, self.process.pid}):
            assert time.monotonic() < deadline, "processes were left behind"
            time.sleep(0.1)

    def log(self, event: str) -> list[dict[str, object]]:
        return [line for line in self.lines if line.get("event") == event]


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(*options: str) -> Iterator[Service]:
    service = Service(*options)
    try:
        yield service
    finally:
        service.process.send_signal(signal.SIGTERM)
        try:
            service.process.wait(30)
        except subprocess.TimeoutExpired:
            service.process.kill()
        service.wait_gone()


def _segments(service: Service) -> set[str]:
    """Shared memory of this service alone; others may run on this machine."""
    return {path.name for path in Path("/dev/shm").glob(f"recon_{service.process.pid}_*")}


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that only the services of this test use; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="r-", dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def _health(address: str) -> int:
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(address))
    return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=5).status)


def test_sigterm_drains_exits_zero_and_leaves_nothing_behind(scratch: Path) -> None:
    service = Service()
    assert _segments(service)
    assert list(scratch.glob("recon-*"))
    with Client(service.address) as client:
        run = client.denoise_ct(SERIES)
        next(run)
        service.process.send_signal(signal.SIGTERM)
        assert sum(1 for _ in run) == SERIES.shape[0] - 1  # what was under way is finished
    assert service.process.wait(30) == 0
    service.wait_gone()
    assert not _segments(service)
    assert not list(scratch.glob("recon-*"))
    host, _, port = service.address.rpartition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_a_killed_gateway_takes_everything_with_it(scratch: Path) -> None:
    service = Service()
    assert _segments(service)
    assert list(scratch.glob("recon-*"))
    service.process.kill()
    service.process.wait(10)
    service.wait_gone(20)
    assert not _segments(service)
    assert not list(scratch.glob("recon-*"))


def test_a_stub_that_hangs_does_not_keep_triton_from_being_restarted() -> None:
    with running() as service, Client(service.address) as client:
        triton = service.triton()
        for stub in triton.children(recursive=True):
            stub.suspend()
        triton.kill()
        triton.wait(10)
        assert len(list(client.denoise_ct(SERIES, patience_s=60))) == SERIES.shape[0]
        assert service.triton().pid != triton.pid


def test_a_models_process_that_ends_is_replaced_and_triton_goes_on() -> None:
    with running("--task", "ct") as service, Client(service.address) as client:
        triton = service.triton()
        stubs = [child for child in triton.children(recursive=True) if "stub" in child.name()]
        for stub in stubs:
            stub.kill()
        assert len(list(client.denoise_ct(SERIES, patience_s=60))) == SERIES.shape[0]
        assert service.triton().pid == triton.pid
        assert not any(_alive(stub.pid) for stub in stubs)
        assert service.log("model_replaced")


def test_triton_is_restarted_and_the_client_finishes_its_series() -> None:
    with running() as service, Client(service.address) as client:
        reference = next(client.denoise_ct(Volume(SERIES.values[:1], SERIES.geometry))).image
        run = client.denoise_ct(SERIES, patience_s=60)
        for _ in range(10):
            next(run)
        service.triton().kill()
        rest = list(run)
        assert rest[-1].index == SERIES.shape[0] - 1
        assert [result.index for result in rest] == list(range(10, SERIES.shape[0]))
        np.testing.assert_array_equal(rest[-1].image, list(client.denoise_ct(SERIES))[-1].image)
        np.testing.assert_array_equal(
            next(client.denoise_ct(Volume(SERIES.values[:1], SERIES.geometry))).image, reference
        )
        assert run.attempts >= 2
        assert service.log("triton_died")
        service.family |= {child.pid for child in psutil.Process(service.process.pid).children(recursive=True)}


def test_while_triton_is_away_health_says_so_and_requests_may_be_tried_again() -> None:
    with running() as service:
        assert _health(service.address) == SERVING
        triton = service.triton()
        triton.kill()
        deadline = time.monotonic() + 20
        while _health(service.address) == SERVING:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with Client(service.address) as client, pytest.raises(ServiceUnavailable, match="try again"):
            list(client.denoise_ct(SERIES, patience_s=0.0))
        deadline = time.monotonic() + 90
        while _health(service.address) != SERVING:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        service.family |= {child.pid for child in psutil.Process(service.process.pid).children(recursive=True)}


def test_a_service_that_is_gone_for_good_is_named_within_the_callers_patience() -> None:
    service = Service()
    with Client(service.address) as client:
        run = client.denoise_ct(SERIES, patience_s=1.0)
        kept = [next(run).index for _ in range(5)]
        service.process.kill()
        began = time.monotonic()
        with pytest.raises(ReconError, match="can't be reached"):
            kept.extend(result.index for result in run)
        assert time.monotonic() - began < 15
        assert run.finished >= 5
    service.process.wait(10)
    service.wait_gone(20)


def test_nobody_but_the_gateway_reaches_triton() -> None:
    """No TCP port at all, a socket in a folder of this user alone, and a key on every protocol."""
    with running() as service:
        family = [psutil.Process(service.process.pid), *psutil.Process(service.process.pid).children(recursive=True)]
        ports = [
            (process.name(), connection.laddr.port)
            for process in family
            for connection in process.net_connections("inet")
            if connection.status == "LISTEN"
        ]
        assert [port for _, port in ports] == [int(service.address.rpartition(":")[2])]
        command = service.triton().cmdline()
        path = next(part.partition("unix:")[2] for part in command if "grpc-address" in part)
        folder = Path(path).parent
        assert folder.stat().st_mode & 0o077 == 0
        assert folder.stat().st_uid == os.geteuid()
        shared = list(Path("/dev/shm").glob("recon_*"))
        assert shared, "Triton's memory was not found, so this proves nothing"
        for path_in_memory in shared:  # each is a folder that only this user may enter, or a private file
            assert path_in_memory.stat().st_mode & 0o077 == 0
        assert any(list(item.iterdir()) for item in shared if item.is_dir())

        # even this user, at the socket, gets nowhere without the key
        from tritonclient.grpc import InferenceServerClient
        from tritonclient.utils import InferenceServerException

        intruder = InferenceServerClient(f"unix:{path}:1")
        for call in (
            intruder.is_server_ready,
            intruder.get_server_metadata,
            intruder.get_model_repository_index,
            intruder.get_system_shared_memory_status,
            intruder.get_inference_statistics,
            intruder.get_log_settings,
            intruder.get_trace_settings,
            lambda: intruder.get_model_config("ct_denoise"),
            lambda: intruder.load_model("ct_denoise"),
            lambda: intruder.unload_model("ct_denoise"),
            lambda: intruder.register_system_shared_memory("x", "/x", 16),
        ):
            with pytest.raises(InferenceServerException, match="restricted"):
                call()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_can_not_open_the_socket() -> None:
    with running() as service:
        command = service.triton().cmdline()
        path = next(part.partition("unix:")[2] for part in command if "grpc-address" in part) + ":1"
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", code],
            user=65534,
            group=65534,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        assert done.returncode != 0
        assert "PermissionError" in done.stderr or "Permission denied" in done.stderr


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "recon.cli", "serve", "--no-tune", "--listen", f"127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_weight_file_that_is_not_the_configured_one_is_not_served(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(default_repository(), repository)
    weights = repository / "ct_denoise" / "1" / "model.onnx"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    service = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "recon.cli",
            "serve",
            "--no-tune",
            "--listen",
            "127.0.0.1:0",
            "--repository",
            str(repository),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stderr is not None
    for line in service.stderr:
        if "does not hold the files that config.pbtxt names" in line:
            break
    else:
        pytest.fail("the wrong file was not noticed")
    service.terminate()
    assert service.stdout is not None
    assert "ready" not in service.stdout.read()
    service.wait(30)


def test_metrics_and_log_lines() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("--metrics", f"127.0.0.1:{port}") as service, Client(service.address) as client:
        assert len(list(client.denoise_ct(SERIES, name="a series", probes="off"))) == SERIES.shape[0]
        client.models()
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        assert 'recon_requests_total{method="ct.Denoise",status="OK"} 1.0' in text
        assert f'recon_slices_total{{method="ct.Denoise"}} {SERIES.shape[0]}.0' in text
        assert f'recon_triton_inferences_total{{model="ct_denoise"}} {SERIES.shape[0]}.0' in text
        assert "recon_ready 1.0" in text
        (line,) = [entry for entry in service.log("request") if entry["method"] == "ct.Denoise"]
        assert (line["status"], line["series"], line["slices_done"]) == ("OK", "a series", SERIES.shape[0])


def test_tls_with_client_certificates(tmp_path: Path) -> None:
    import trustme

    authority = trustme.CA()
    server, caller = authority.issue_cert("localhost"), authority.issue_cert("console@example.org")
    for name, blob in (
        ("ca.pem", authority.cert_pem),
        ("server.pem", server.cert_chain_pems[0]),
        ("server.key", server.private_key_pem),
        ("caller.pem", caller.cert_chain_pems[0]),
        ("caller.key", caller.private_key_pem),
    ):
        blob.write_to_path(tmp_path / name)
    options = ("--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem")
    paths = [str(tmp_path / part) if not part.startswith("--") else part for part in options]
    with running(*paths) as service:
        target = f"localhost:{service.address.rpartition(':')[2]}"
        ours = Tls(tmp_path / "ca.pem", tmp_path / "caller.pem", tmp_path / "caller.key")
        with Client(target, ours) as client:
            client.wait_ready(20)
            assert client.models()
        with Client(target, Tls(tmp_path / "ca.pem")) as stranger, pytest.raises(ServiceUnavailable):
            stranger.wait_ready(3)


def test_a_site_with_its_own_triton() -> None:
    """``--triton``: the gateway uses a Triton that it did not start (here one on a loopback port)."""
    from recon.serving.triton.install import prepare_install

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(os.environ.get("PYTEST_TMP", "/tmp")) / f"recon-own-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    install = prepare_install(folder)
    triton = subprocess.Popen(
        [
            str(install.binary),
            f"--model-repository={default_repository()}",
            f"--backend-directory={install.backends}",
            "--allow-http=false",
            "--allow-metrics=false",
            "--grpc-address=127.0.0.1",
            f"--grpc-port={port}",
        ],
        env=install.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with running("--triton", f"127.0.0.1:{port}") as service, Client(service.address) as client:
            client.wait_ready(30)
            results = list(client.denoise_ct(Volume(SERIES.values[:3], SERIES.geometry)))
            assert len(results) == 3
    finally:
        triton.terminate()
        triton.wait(20)
        shutil.rmtree(folder)
