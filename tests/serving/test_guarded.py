"""Who gets in: callers with a certificate, nobody to Triton; and what the log and metrics then say."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import trustme
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from recon.client import Client, Tls
from recon.errors import ServiceUnavailable
from tests.engine.streams import eventually
from tests.serving.processes import SERIES, Service, running, segments

pytestmark = pytest.mark.service


@dataclass(frozen=True)
class Guarded:
    """A service that is encrypted, asks for certificates, and tells its metrics; with the folder of those."""

    service: Service
    metrics: int
    folder: Path

    @property
    def target(self) -> str:
        return f"localhost:{self.port}"

    @property
    def port(self) -> int:
        return int(self.service.address.rpartition(":")[2])

    @property
    def ours(self) -> Tls:
        return Tls(self.folder / "ca.pem", self.folder / "caller.pem", self.folder / "caller.key")

    @property
    def socket_of_triton(self) -> Path:
        command = self.service.triton().cmdline()
        return Path(next(part.partition("unix:")[2] for part in command if "grpc-address" in part))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    server, caller = authority.issue_cert("localhost"), authority.issue_cert("console@example.org")
    for name, blob in (
        ("ca.pem", authority.cert_pem),
        ("server.pem", server.cert_chain_pems[0]),
        ("server.key", server.private_key_pem),
        ("caller.pem", caller.cert_chain_pems[0]),
        ("caller.key", caller.private_key_pem),
    ):
        blob.write_to_path(folder / name)
    options = ("--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem")
    paths = [option if option.startswith("--") else str(folder / option) for option in options]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("--task", "ct", "--metrics", f"127.0.0.1:{port}", *paths) as service:
        yield Guarded(service, port, folder)


def test_a_caller_needs_a_certificate(guarded: Guarded) -> None:
    with Client(guarded.target, guarded.ours) as client:
        client.wait_ready(20)
        assert client.models()
    with Client(guarded.target, Tls(guarded.folder / "ca.pem")) as stranger, pytest.raises(ServiceUnavailable):
        stranger.wait_ready(3)


def test_no_port_but_those_that_were_asked_for(guarded: Guarded) -> None:
    gateway = psutil.Process(guarded.service.process.pid)
    ports = {
        connection.laddr.port
        for process in (gateway, *gateway.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == "LISTEN"
    }
    assert ports == {guarded.port, guarded.metrics}


def test_triton_answers_nobody_without_the_gateways_key(guarded: Guarded) -> None:
    """Not even this user, at the socket, on any protocol."""
    intruder = InferenceServerClient(f"unix:{guarded.socket_of_triton}:1")
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


def test_socket_and_memory_are_this_users_alone(guarded: Guarded) -> None:
    folder = guarded.socket_of_triton.parent
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.stat().st_uid == os.geteuid()
    shared = [Path("/dev/shm") / name for name in segments(guarded.service)]
    assert shared, "Triton's memory was not found, so this proves nothing"
    for path in shared:  # each is a folder that only this user may enter, or a private file
        assert path.stat().st_mode & 0o077 == 0
    assert any(list(item.iterdir()) for item in shared if item.is_dir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_can_not_open_the_socket(guarded: Guarded) -> None:
    code = f"import socket; socket.socket(socket.AF_UNIX).connect('{guarded.socket_of_triton}:1')"
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


def counters(guarded: Guarded) -> dict[str, float]:
    """What the service says of itself, by name and labels."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{guarded.metrics}/metrics").read().decode()
    pairs = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_metrics_and_log_lines(guarded: Guarded) -> None:
    name, slices = uuid.uuid4().hex, SERIES.shape[0]
    with Client(guarded.target, guarded.ours) as client:
        client.wait_ready(60)
        before = counters(guarded)
        assert len(list(client.denoise_ct(SERIES, name=name, probes="off"))) == slices
        client.models()
    more = {
        'recon_requests_total{method="ct.Denoise",status="OK"}': 1,
        'recon_slices_total{method="ct.Denoise"}': slices,
        'recon_triton_inferences_total{model="ct_denoise"}': slices,
    }
    eventually(lambda: {one: counters(guarded).get(one, 0) - before.get(one, 0) for one in more} == more)
    assert before["recon_ready"] == 1
    eventually(lambda: any(entry.get("series") == name for entry in guarded.service.log("request")))
    (line,) = [entry for entry in guarded.service.log("request") if entry.get("series") == name]
    assert (line["method"], line["status"], line["slices_done"]) == ("ct.Denoise", "OK", slices)
