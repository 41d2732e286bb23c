"""A file is sent as a scanner would send it, whatever its group is called."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from recon.doors.mrd.scanner import messages_of
from recon.doors.mrd.wire import Block, ConfigFile, Header
from recon.errors import UnreadableInput
from recon.training.mr.raw_files import write_ismrmrd
from recon.training.mr.simulate import ScanProtocol, simulate
from recon.volumes import Geometry, Unit, Volume


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "scan.h5"
    image = np.ones((1, 32, 32), np.float32)
    volume = Volume(image, Geometry.from_spacing(1.0, 1.0, 5.0), Unit.ARBITRARY)
    write_ismrmrd(simulate(volume, ScanProtocol("cartesian", 2.0, "equispaced", 8, 1.0, 2, 0.02, 1.0, 0.0, 0)), path)
    return path


@pytest.mark.parametrize("group", ["dataset", "scan_7"])
def test_header_and_readouts_go_out_in_order(raw: Path, tmp_path: Path, group: str) -> None:
    path = tmp_path / "copy.h5"
    path.write_bytes(raw.read_bytes())
    if group != "dataset":
        with h5py.File(path, "r+") as file:
            file.move("dataset", group)
    first, second, *rest = messages_of(path, "mr", {})
    assert first == ConfigFile("mr")
    assert isinstance(second, Header)
    assert b"ismrmrdHeader" in second.xml
    assert rest
    assert all(isinstance(one, Block) for one in rest)


def test_a_file_with_neither_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["other"] = np.zeros(3)
    with pytest.raises(UnreadableInput, match="neither readouts"):
        list(messages_of(tmp_path / "x.h5", "mr", {}))
