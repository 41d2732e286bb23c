"""Below the watermark nothing more is taken in."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from recon.doors.node.config import NodeLimits
from recon.doors.node.space import Watermark

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free_gb", "share", "least_gb", "room"),
    [(10, 0.05, 5, True), (4, 0.0, 5, False), (40, 0.5, 5, False), (50, 0.5, 5, True)],
)
def test_share_and_amount_both_have_to_stay_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_gb: float, share: float, least_gb: float, room: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, (100 - free_gb) * 1e9, free_gb * 1e9))
    assert Watermark(tmp_path, NodeLimits(free_share=share, free_gb=least_gb)).room is room


def test_the_disk_is_not_asked_for_every_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: asked.append(folder) or Usage(1e9, 0, 1e9))
    mark = Watermark(tmp_path, NodeLimits(free_gb=0.1))
    assert all(mark.room for _ in range(100))
    assert len(asked) == 1
