"""Noise scans outlast the door, and a folder of them never grows beyond its bound."""

from __future__ import annotations

import os

import numpy as np
import pytest

from recon.doors.mrd.noise import NoiseScans
from recon.doors.mrd.noise_folder import NoiseFolder
from recon.doors.mrd.wire import Block, ConfigFile
from recon.errors import OutputFailed
from tests.doors.mrd.scans import header, identified, images, noise, opened, scan, slice_readouts, texts


def same(one: list[Block], other: list[Block]) -> bool:
    heads, samples = (
        [np.concatenate([getattr(b, name) for b in some]) for some in (one, other)] for name in ("heads", "samples")
    )
    return np.array_equal(*heads) and np.array_equal(*samples)


def test_a_later_scan_finds_the_noise_after_a_restart_and_names_it(client, tmp_path) -> None:
    with opened(client, noise=NoiseScans(NoiseFolder(tmp_path))) as door:
        scan(door, [ConfigFile("mr"), header(before=identified("N1")), *noise(16)])
    with opened(client, noise=NoiseScans(NoiseFolder(tmp_path))) as door:
        answers = scan(door, [ConfigFile("mr"), header(before=identified("S1", "N1")), *slice_readouts()])
        assert texts(answers, "DBG noise scan N1 is used")
        assert client.calls[-1].noise_std > 0
        answers = scan(door, [ConfigFile("mr"), header(before=identified("S2", "N2")), *slice_readouts()])
        assert "N2" in texts(answers, "WRN noise scan")[0]
        assert client.calls[-1].noise_std == 0
        assert images(answers)


def test_readouts_are_those_that_came_and_names_tell_nobody(tmp_path) -> None:
    folder, came = NoiseFolder(tmp_path), noise(5)
    folder.keep("Doe^Jane-4711", came)
    found = folder.find("Doe^Jane-4711")
    assert found is not None
    assert same(found, came)
    assert folder.find("Doe^Jane-4712") is None
    (path,) = tmp_path.iterdir()
    assert not any(word in path.name for word in ("Doe", "Jane", "4711"))


def test_the_scan_that_was_longest_not_used_goes_first(tmp_path) -> None:
    size = sum(block.nbytes + 342 for block in noise(4))
    folder = NoiseFolder(tmp_path, most_bytes=3 * size)
    for number in range(3):
        folder.keep(str(number), noise(4))
        for path in tmp_path.iterdir():  # all are as old as they came
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))
    assert folder.find("0") is not None  # used, and so the newest
    folder.keep("3", noise(4))
    assert [folder.find(str(number)) is not None for number in range(4)] == [True, False, True, True]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * size


def test_a_damaged_file_is_no_noise_scan_and_no_failure(tmp_path, caplog) -> None:
    folder = NoiseFolder(tmp_path)
    folder.keep("N1", noise(3))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    assert folder.find("N1") is None
    assert "can't be read" in caplog.text


def test_a_folder_that_can_not_be_written_to_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="file"):
        NoiseFolder(tmp_path / "file")
