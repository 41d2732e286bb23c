"""Models are where the environment says, or beside this installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.engine import repository
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest


def test_the_one_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECON_REPOSITORY", str(tmp_path))
    assert default_repository() == tmp_path


def test_the_one_of_this_installation_holds_the_default_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECON_REPOSITORY", raising=False)
    assert (default_repository() / "ct_denoise" / "config.pbtxt").exists()


def test_where_there_is_none_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECON_REPOSITORY", raising=False)
    monkeypatch.setattr(repository.resources, "files", lambda name: tmp_path / "deep" / "recon")
    with pytest.raises(InvalidRequest, match="--repository"):
        default_repository()
