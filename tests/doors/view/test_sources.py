"""Folders to be read are folders of results."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.view.sources import FolderSource
from recon.errors import UnreadableInput


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="holds no result"):
        FolderSource([tmp_path])
    with pytest.raises(UnreadableInput, match="no such"):
        FolderSource([tmp_path / "gone"])
