"""The embedded Triton gets a folder whose path it takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recon.errors import ServiceUnavailable
from recon.serving.triton import scratch


@pytest.mark.parametrize("name", ["my scratch", "für", "x" * 90])
def test_a_folder_with_an_odd_path_is_not_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    made = scratch.make_scratch()
    try:
        assert made.is_dir()
        assert made.parent != tmp_path / name
        assert scratch.is_plain(made)
        assert made.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(made)


def test_where_there_is_none_the_folders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # below a folder that is there and has a short path, as a test's own may not have
    monkeypatch.setattr(scratch, "_candidates", lambda: iter([Path("/dev/a b"), Path("/dev/absent")]))
    with pytest.raises(ServiceUnavailable, match=r"a b .*absent \(No such file.*set TMPDIR"):
        scratch.make_scratch()
