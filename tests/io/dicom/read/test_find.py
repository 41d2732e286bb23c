"""Every file under what was named, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.errors import UnreadableInput
from recon.io.dicom.read.find import find_files


def test_files_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a/3", ".hidden", "b/.DS_Store"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "c").symlink_to(tmp_path / "a" / "3")
    found = find_files([tmp_path, tmp_path / "b" / "1"])
    assert sorted(path.resolve().name for path in found) == ["1", "2", "3"]
    within = [path.name for path in found if path.parent.name == "b"]
    assert within == ["1", "2"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no such file or folder"):
        find_files([tmp_path / "absent"])
