"""A start that is refused leaves no folder behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from recon.errors import InvalidRequest
from recon.serving.server import Server
from recon.serving.settings import Settings
from recon.serving.triton.process import EmbeddedTriton


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


async def _started(settings: Settings) -> None:
    await Server(settings).start()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"latency_ms": {"bogus": 5}}, "no task 'bogus'"),
        ({"tasks": ("bogus",)}, "holds no model"),
        ({"tuning": (Path("missing.json"),)}, "missing.json"),
        ({"traces": "nowhere"}, "http://HOST:PORT"),
        ({"triton": "nowhere"}, "nowhere"),
        ({"listen": "unix:/tmp/x"}, "address of a network"),
    ],
)
def test_what_is_refused_has_made_no_folder(asked: dict[str, Any], words: str, temporary: Path) -> None:
    with pytest.raises(InvalidRequest, match=words):
        asyncio.run(_started(Settings(workers=2, **asked)))
    assert list(temporary.iterdir()) == []


def test_a_repository_that_can_not_be_used_leaves_none(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.pbtxt").write_text("name: [")
    with pytest.raises(InvalidRequest, match=r"can't read .*config.pbtxt"):
        EmbeddedTriton(tmp_path, gpu=True)
    assert list(temporary.iterdir()) == []
