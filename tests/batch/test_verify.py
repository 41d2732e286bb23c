"""Every harm to results is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.batch.storage import MANIFEST
from recon.batch.verify import verify
from tests.batch.archives import run, write_nifti, write_series


@pytest.mark.parametrize("harm", ["missing", "short", "changed", "added", "manifest", "folder"])
def test_verify_sees_every_harm(harm: str, tmp_path: Path) -> None:
    write_series(tmp_path / "a" / "one")
    write_nifti(tmp_path / "a" / "two.nii")
    run(tmp_path / "a", tmp_path / "out")
    folder, file = tmp_path / "out" / "one_1", tmp_path / "out" / "one_1" / "image" / "0.dcm"
    assert verify(tmp_path / "out").wrong == {}
    if harm == "missing":
        file.unlink()
    elif harm == "short":
        file.write_bytes(file.read_bytes()[:-1])
    elif harm == "changed":
        file.write_bytes(bytes(len(file.read_bytes())))
    elif harm == "added":
        (folder / "image" / "9.dcm").write_bytes(b"x")
    elif harm == "manifest":
        (folder / MANIFEST).write_text("{}")
    else:
        folder.rename(tmp_path / "elsewhere")
    found = verify(tmp_path / "out")
    assert list(found.wrong) == ["one_1"]
    assert found.checked == 2
