"""A repository that Triton reads."""

from __future__ import annotations

from pathlib import Path

from recon.serving.triton.repository import plain_repository


def test_a_repository_is_reached_by_a_link_where_its_path_is_not_plain(tmp_path: Path) -> None:
    plain, other = tmp_path / "models", tmp_path / "modelle für"
    plain.mkdir()
    other.mkdir()
    assert plain_repository(plain, tmp_path / "link") == plain
    assert plain_repository(other, tmp_path / "link").resolve() == other.resolve()
