"""An option that would do nothing is refused: whoever gave it would believe that it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from recon.batch.spec import spec_of
from recon.cli import batch
from recon.cli.batch import _elsewhere
from recon.cli.doors import mrd
from recon.cli.main import app
from recon.cli.serve import require_embedded, usable
from recon.errors import InvalidRequest
from recon.serving.settings import Settings


def _refused(application: Any, *words: object) -> str:
    """What the command says; it must say it before it does anything."""
    done = CliRunner().invoke(application, [str(word) for word in words])
    assert isinstance(done.exception, InvalidRequest), done.output
    assert not done.stdout
    return done.exception.problem


@pytest.mark.parametrize("words", [("models",), ("ct", "scan", "-o", "out"), ("mrd", "serve"), ("mrd", "stream")])
@pytest.mark.parametrize("tls", [("--tls-ca", "ca.pem"), ("--tls-cert", "c.pem", "--tls-key", "k.pem")])
def test_files_for_encryption_without_a_service_to_talk_to(words: tuple[str, ...], tls: tuple[str, ...]) -> None:
    """``recon mrd serve --tls-cert`` would look as if the scanner's door were encrypted."""
    assert "are for a running service; name it with --server" in _refused(app, *words, *tls)


def test_batches_say_it_before_they_look_through_the_archive(tmp_path: Path) -> None:
    tls = ("--tls-ca", "ca.pem")
    assert "name it with --server" in _refused(batch.app, "run", tmp_path, "-o", tmp_path / "out", *tls)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", [{"servers": ["a:1"]}, {"cluster": "tls://a:1"}])
def test_what_uses_the_files_gets_them(where: dict[str, Any], tmp_path: Path) -> None:
    assert _elsewhere(spec_of({"inputs": ["x"], **where}, "here", tmp_path))


def test_two_ways_to_get_workers(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump({"inputs": ".", "slurm": {"workers": 2}, "servers": "a:1"}))
    found = _refused(batch.app, "run", spec, "-o", tmp_path / "out", "--cluster", "tcp://a:1")
    assert found == "--cluster and --slurm are two ways to get workers; name one"


def test_a_repository_for_a_service_that_runs_elsewhere() -> None:
    assert "--server names a running one" in _refused(mrd.app, "serve", "--server", "a:1", "--repository", "models")


@pytest.mark.parametrize(("name", "value"), [("tune", True), ("repository", Path("models")), ("device", "cpu")])
def test_options_of_the_embedded_triton_beside_another_one(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=f"--{name} is for the embedded Triton; --triton names one"):
        require_embedded(**{name: value})
    require_embedded(tune=False, repository=None, device=None)


@pytest.mark.parametrize(
    ("given", "name"), [({"triton_ca": Path("ca")}, "ca"), ({"triton_token_file": Path("t")}, "token-file")]
)
def test_secrets_for_a_triton_that_is_not_named(given: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"--triton-{name} is for a Triton elsewhere; name it with --triton"):
        usable(Settings(**given))
