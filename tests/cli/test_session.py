"""A command that started its own service takes it along, however it ends; TLS reaches every command."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from recon.cli.main import main
from recon.cli.session import tls_of
from recon.client import Client
from recon.errors import InvalidRequest
from tests.serving.processes import running

pytestmark = pytest.mark.service

HOLD = """
from recon.cli.session import own_service
with own_service("--task", "ct") as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_killed_leaves_no_service_behind(how: signal.Signals) -> None:
    command = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    assert command.stdout.readline().startswith("127.0.0.1:")
    family = psutil.Process(command.pid).children(recursive=True)
    assert {process.name() for process in family} >= {"tritonserver"}
    command.send_signal(how)
    command.wait(60)
    gone, alive = psutil.wait_procs(family, timeout=40)
    assert not alive, [process.name() for process in alive]
    assert gone


def test_a_key_without_its_certificate_is_wrong_usage() -> None:
    with pytest.raises(InvalidRequest, match="belong together"):
        tls_of(None, None, Path("key.pem"), "127.0.0.1:1")
    assert tls_of(None, None, None, None) is None


def test_commands_connect_with_client_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
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
    import nibabel as nib

    from tests.conftest import body

    nib.save(nib.Nifti1Image(body(128, 20)[:, :, None], np.diag([0.7, 0.7, 3, 1])), tmp_path / "a.nii.gz")
    files = {name: str(tmp_path / name) for name in ("ca.pem", "server.pem", "server.key", "caller.pem", "caller.key")}
    listen = ("--tls-cert", files["server.pem"], "--tls-key", files["server.key"], "--client-ca", files["ca.pem"])
    with running("--task", "ct", *listen) as service:
        target = f"localhost:{service.address.rpartition(':')[2]}"
        ours = ["--tls-ca", files["ca.pem"], "--tls-cert", files["caller.pem"], "--tls-key", files["caller.key"]]
        for words in (["models"], ["ct", str(tmp_path / "a.nii.gz"), "-o", str(tmp_path / "out")]):
            command = [sys.executable, "-m", "recon.cli", *words, "--server", target]
            done = subprocess.run([*command, *ours], capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, done.stderr
        patient = Client.wait_ready
        monkeypatch.setattr(Client, "wait_ready", lambda self, timeout_s=3.0: patient(self, 3.0))
        monkeypatch.setattr("sys.argv", ["recon", "models", "--server", target, "--tls-ca", files["ca.pem"]])
        with pytest.raises(SystemExit) as done:
            main()
        assert done.value.code == 1
        assert "no service was ready" in capsys.readouterr().err
