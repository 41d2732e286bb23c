"""Scans through a pipe, in every format that comes."""

from __future__ import annotations

import io
import subprocess
import sys

import h5py
import mrd
import numpy as np
import pytest
from ismrmrd.serialization import ProtocolDeserializer

from recon.doors.mrd import pipe, version2
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import Close, ConfigFile, encode, layout
from tests.doors.mrd.scans import FakeClient, root_sum_of_squares, simple_scan


@pytest.fixture
def client():
    return FakeClient()


@pytest.fixture
def through(client):
    """Returns what came out, the texts and the counts."""

    def run(data: bytes, config: str = "mr", **parameters: str):
        out, texts = io.BytesIO(), []
        out.close = lambda: None  # the package closes what it wrote to
        done = pipe.run(Surroundings(lambda: client), io.BytesIO(data), out, config, parameters, texts.append)
        return out.getvalue(), texts, done

    return run


def stream(*messages: object) -> bytes:
    return b"".join(bytes(part) for message in messages for part in encode(message))


@pytest.fixture(scope="module")
def phantom(tmp_path_factory) -> bytes:
    """A scan that the package of version 2 makes."""
    path = tmp_path_factory.mktemp("phantom") / "phantom.bin"
    options = ["-m", "64", "-c", "4", "-r", "2", "-n", "0.01"]
    subprocess.run([sys.executable, "-m", "mrd.tools.phantom", "--output", str(path), *options], check=True)
    return path.read_bytes()


def test_a_stream_of_version_1(through) -> None:
    out, texts, done = through(stream(*simple_scan(2)[1:], Close()))
    found = [item for item in ProtocolDeserializer(io.BytesIO(out)).deserialize() if hasattr(item, "image_type")]
    assert [image.image_series_index for image in found] == [99, 100, 99, 100]
    assert (done.images, done.errors) == (4, 0)
    assert any("2 PASS" in text for text in texts)


def test_the_streams_own_configuration_counts(through, client) -> None:
    through(stream(ConfigFile("l1-wavelet"), *simple_scan(1)[1:], Close()), "zero-filled")
    assert client.names == ["l1-wavelet"]


def test_a_file_of_version_1(through, tmp_path) -> None:
    path = tmp_path / "scan.h5"
    _, header, *readouts = simple_scan(1)
    kind = [
        ("head", layout.ACQUISITION_HEAD),
        ("traj", h5py.vlen_dtype(np.float32)),
        ("data", h5py.vlen_dtype(np.float32)),
    ]
    rows = np.empty(len(readouts), kind)
    for row, readout in zip(rows, readouts, strict=True):
        row["head"], row["traj"] = readout.heads[0], np.zeros(0, np.float32)
        row["data"] = readout.samples.view(np.float32).ravel()
    with h5py.File(path, "w") as file:
        file["dataset/data"] = rows
        file["dataset/xml"] = np.array([header.xml], object)
    out, _, done = through(path.read_bytes(), pixels="float32")
    image = next(item for item in ProtocolDeserializer(io.BytesIO(out)).deserialize() if hasattr(item, "image_type"))
    np.testing.assert_allclose(image.data[0, 0], root_sum_of_squares(), rtol=1e-3, atol=1e-3)
    assert done.images == 2


def test_a_stream_of_version_2_is_answered_in_version_2(through, phantom) -> None:
    out, texts, done = through(phantom)
    with mrd.BinaryMrdReader(io.BytesIO(out)) as reader:
        assert reader.read_header() is None
        items = list(reader.read_data())
    assert (done.images, done.errors) == (4, 0), texts
    images = [item.value for item in items if item.value.head.image_series_index == 99]
    assert [image.head.repetition for image in images] == [0, 1]
    with mrd.BinaryMrdReader(io.BytesIO(phantom)) as reader:
        reader.read_header()
        first, *_ = (item.value for item in reader.read_data())
    head = images[0].head
    assert np.array_equal(head.position, first.head.position)
    assert images[0].data.shape == (1, 1, 64, 64)
    assert images[0].meta["ImageComment"][0].value == "PASS"
    assert images[0].meta["RescaleSlope"][0].value


def test_version_2_with_another_schema_is_refused_naming_those_that_are_read(through, phantom) -> None:
    _, texts, done = through(phantom.replace(b"isPhaseStabilization", b"isPhaseStabilisation", 1))
    assert done.images == 0
    assert any(version2.schema_version() in text for text in texts)


def test_version_2_that_breaks_off_gives_what_was_measured(through, phantom) -> None:
    _, texts, done = through(phantom[: len(phantom) * 3 // 4])
    assert done.images == 4
    assert any(text.startswith("ERR") and "damaged" in text for text in texts)


@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\n" + b"x" * 100, b"yardl", b"GIF89a" * 10])
def test_what_is_none_of_these_is_said(through, data) -> None:
    _, texts, done = through(data)
    assert done.images == 0
    assert any(text.startswith(("ERR", "WRN")) for text in texts)
