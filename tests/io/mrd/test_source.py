"""A scan is the same whether it comes from a file or as acquisitions one by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import ismrmrd
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.hdf5 import OpenFile
from recon.io.mrd.series import read, read_source
from recon.io.mrd.source import FileSource
from tests.io.mrd.scans import COILS, Writer, X, Y, oversampled, xml


@pytest.fixture
def scan(tmp_path):
    writer = Writer(tmp_path / "scan.h5", xml())
    rng = np.random.default_rng(0)
    for _ in range(8):
        writer.add(rng.normal(size=(COILS, X)) + 0j, flags=(ismrmrd.ACQ_IS_NOISE_MEASUREMENT,))
    for index in range(2):
        writer.slice(oversampled(index), index)
    writer.data.close()
    return writer.path


class Stream:
    """Acquisitions that can be had once."""

    name = "a scanner"

    def __init__(self, header: Any, items: list[Any]) -> None:
        self.header, self._items = header, iter(items)

    def items(self) -> Iterator[Any]:
        yield from self._items


def test_a_stream_makes_the_series_that_the_file_makes(scan) -> None:
    source = FileSource(scan)
    (streamed,) = read_source(Stream(source.header, [ismrmrd.Waveform(), *source.items()]))
    (stored,) = read(scan)
    assert streamed.notes == stored.notes
    np.testing.assert_array_equal(streamed.geometry.affine, stored.geometry.affine)
    for index in range(2):
        np.testing.assert_array_equal(streamed.kspace.load(index).samples, stored.kspace.load(index).samples)


def test_the_items_of_a_file_are_its_acquisitions(scan) -> None:
    items = list(FileSource(scan).items())
    assert len(items) == 8 + 2 * Y
    assert items[9].idx.kspace_encode_step_1 == 1
    np.testing.assert_array_equal(items[9].data, oversampled()[:, 1])


def test_a_source_without_acquisitions_is_named(scan) -> None:
    with pytest.raises(UnreadableInput, match="a scanner: holds no acquisitions"):
        read_source(Stream(FileSource(scan).header, []))


def test_the_file_is_opened_once_for_all_slices(scan, monkeypatch) -> None:
    (series,) = read(scan)
    opened: list[OpenFile] = []
    original = OpenFile._opened
    monkeypatch.setattr(OpenFile, "_opened", lambda self: opened.append(self) or original(self))
    for index in (0, 1, 0):
        series.kspace.load(index)
    assert len(opened) == 1


def test_a_file_that_is_being_written_is_in_use_not_damaged(scan) -> None:
    code = f"import h5py, sys; f = h5py.File({str(scan)!r}, 'r+'); print('open', flush=True); sys.stdin.read()"
    writer = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    try:
        writer.stdout.readline()
        with pytest.raises(UnreadableInput, match="in use") as caught:
            read(scan)
        assert "copy it again" not in caught.value.problem
    finally:
        writer.communicate()
    assert len(read(scan)) == 1


def test_a_stream_of_messages_in_a_file_is_called_that(tmp_path) -> None:
    text = xml().encode()
    path = tmp_path / "scan.h5"
    path.write_bytes(b"\x03\x00" + len(text).to_bytes(4, "little") + text)
    with pytest.raises(UnreadableInput, match="stream of MRD messages"):
        read(path)
