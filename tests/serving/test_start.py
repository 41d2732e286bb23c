"""The service starts wherever it is put, or says at once what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recon.cli.session import own_service
from recon.client import Client
from recon.engine.repository import default_repository
from recon.errors import ServiceUnavailable
from recon.volumes import Geometry, Volume
from tests.conftest import body
from tests.namespaces import may_mount

VOLUME = Volume(body(64, 20)[None], Geometry.from_spacing(0.7, 0.7, 3.0))


def _works(*options: str) -> None:
    with own_service("--task", "ct", *options) as address, Client(address) as client:
        client.wait_ready(30)
        assert len(list(client.denoise_ct(VOLUME, model="ct_denoise_light"))) == 1


@pytest.mark.service
def test_a_proxy_for_web_pages_and_odd_folders_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    scratch, repository = tmp_path / "my für", tmp_path / "modelle für"
    scratch.mkdir()
    repository.mkdir()
    shutil.copytree(default_repository() / "ct_denoise_light", repository / "ct_denoise_light")
    monkeypatch.setenv("TMPDIR", str(scratch))
    _works("--repository", str(repository))


@pytest.mark.service
@pytest.mark.skipif(
    not may_mount() or any(Path(place).resolve().is_relative_to("/tmp") for place in (__file__, sys.prefix)),
    reason="NOT TESTED: this user may not mount, or what is tested lies in /tmp itself",
)
def test_a_read_only_temporary_folder_does_not_matter(tmp_path: Path) -> None:
    code = "from tests.serving.test_start import _works; _works(); print('done')"
    read_only = 'mount -t tmpfs -o ro none /tmp && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", read_only, "sh", sys.executable, "-c", code]
    root = str(Path(__file__).parents[2])
    environment = {**{k: v for k, v in os.environ.items() if k != "TMPDIR"}, "PYTHONPATH": root}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "done", done.stderr[-500:]


@pytest.mark.service
def test_a_model_that_does_not_load_is_named_at_once(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(default_repository() / "ct_denoise_light", repository / "ct_denoise_light")
    (repository / "ct_denoise_light" / "1" / "model.py").write_text("raise RuntimeError('a defect')\n")
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable, match=r"did not start: .*Triton ended.*\(its log: (.*)\)") as caught:
        _works("--repository", str(repository))
    assert time.monotonic() - began < 150
    kept = Path(caught.value.problem.rpartition("its log: ")[2].rstrip(")"))
    assert "a defect" in kept.read_text()
    kept.unlink()
