"""Whether a disk is full is decided by the system's code, or by the space that is left; never by words."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from recon.errors import DiskFull, OutputFailed
from recon.io.disk import is_full, require_writable, written
from tests.namespaces import may_mount


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_the_systems_codes(code: int, tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="the disk is full; free space"), written(tmp_path / "x"):
        raise OSError(code, "kein Platz")


def test_the_code_behind_a_librarys_error(tmp_path: Path) -> None:
    error = RuntimeError("can't flush")
    error.__cause__ = OSError(errno.ENOSPC, "")
    with pytest.raises(DiskFull), written(tmp_path / "x"):
        raise error


def test_other_failures_are_not_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="not writable; choose another folder") as caught, written(tmp_path / "x"):
        raise OSError(errno.EACCES, "Permission denied")
    assert not isinstance(caught.value, DiskFull)
    with pytest.raises(OutputFailed, match="bad") as caught, written(tmp_path / "x"):
        raise RuntimeError("bad\nand more")
    assert not isinstance(caught.value, DiskFull)
    assert not is_full(tmp_path, ValueError("the disk is full"))


def test_a_place_is_tried_before_the_work(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "figures.json")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "old.json").write_text("kept")
    require_writable(tmp_path / "old.json")
    assert (tmp_path / "old.json").read_text() == "kept"
    for place in (tmp_path / "new", tmp_path / "old.json" / "figures.json"):
        with pytest.raises(OutputFailed, match="can't be written"):
            require_writable(place)


CODE = """
import sys, numpy as np, h5py
from pathlib import Path
from recon.io.disk import written
from recon.errors import DiskFull
path = Path(sys.argv[1]) / 'x.h5'
try:
    with written(path), h5py.File(path, 'w') as file:
        for index in range(40):
            file.create_dataset(str(index), data=np.random.default_rng(index).normal(size=2**15))
            file.flush()
except DiskFull:
    print('full')
"""


@pytest.mark.service
@pytest.mark.skipif(not may_mount(), reason="NOT TESTED: this user may not mount a small file system")
def test_hdf5_on_a_disk_that_fills_up(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    mount = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", mount, str(tmp_path), sys.executable, "-c", CODE, str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "full", done.stderr[-500:]


def test_nothing_is_said_where_all_goes_well(tmp_path: Path) -> None:
    with written(tmp_path / "x.h5"), h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = np.ones(3)
    assert (tmp_path / "x.h5").exists()
