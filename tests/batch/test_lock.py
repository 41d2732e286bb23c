"""One run at a time on a ledger, and none where locks do not hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recon.batch.lock import NAME, LedgerInUse, file_system, held, is_held, refuse_network
from recon.errors import InvalidRequest, OutputFailed


def test_a_second_run_is_told_who_holds_the_first(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(LedgerInUse, match=f"process {os.getpid()} on .*recon batch cancel"), held(tmp_path):
            pass
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert (tmp_path / NAME).read_text().count("process") == 1


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="choose another folder with -o"), held(tmp_path / "absent"):
        pass


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/data/out", "nfs4"), ("/data/fast/out", "ext4"), ("/data/a b/out", "cifs"), ("/database", "xfs"), ("/", "xfs")],
)
def test_the_innermost_mount_counts(path: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    points = {"/": "xfs", "/data": "nfs4", "/data/fast": "ext4", r"/data/a\040b": "cifs"}
    rows = [f"{n} 1 0:1 / {point} rw - {type_} none rw" for n, (point, type_) in enumerate(points.items())]
    mounts.write_text("\n".join(rows))
    assert file_system(Path(path), mounts) == kind
    if kind in ("nfs4", "cifs"):
        with pytest.raises(InvalidRequest, match=rf"network file system \({kind}\)"):
            refuse_network(Path(path), mounts)
    else:
        refuse_network(Path(path), mounts)


def test_a_system_without_a_table_tells_nothing(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "absent") == ""
