"""Starts that are refused, and a Triton that the service did not start."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from recon.client import Client
from recon.engine.repository import default_repository
from recon.volumes import Volume
from tests.serving.processes import SERIES, running

pytestmark = pytest.mark.service


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
            "--task",
            "ct",
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
