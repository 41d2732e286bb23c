"""The door with the real service and others' clients: Debian's raw data tools, the ismrmrd and gadgetron packages."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import subprocess
import sys
import threading

import h5py
import ismrmrd
import numpy as np
import pytest
from gadgetron.external import constants, readers, writers
from ismrmrd.serialization import ConfigFile, ProtocolSerializer

from recon.client import Client
from recon.doors.mrd.wire import Close, read_messages
from recon.io.mrd.series import read
from tests.doors.mrd.scans import images, opened, texts

pytestmark = pytest.mark.service
needs_tools = pytest.mark.skipif(
    shutil.which("ismrmrd_generate_cartesian_shepp_logan") is None,
    reason="NOT TESTED against ismrmrd-tools, which are not installed",
)


@pytest.fixture(scope="module")
def door(service):
    with Client(service) as client:
        client.wait_ready(30)
        with opened(client) as server:
            yield server


def generate(path, *options: str):
    subprocess.run(
        ["ismrmrd_generate_cartesian_shepp_logan", "-o", str(path), "-n", "0.001", *options],
        check=True,
        capture_output=True,
    )
    return path


def command(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "recon.cli", *map(str, words)], capture_output=True, text=True)


def sent(door, path, output, *words: str) -> subprocess.CompletedProcess:
    return command("mrd", "send", path, "-o", output, "-a", f"127.0.0.1:{door.address[1]}", *words)


@needs_tools
def test_the_command_sends_a_file_and_the_package_reads_what_came_back(door, service, tmp_path) -> None:
    path = generate(tmp_path / "x.h5", "-c", "4", "-m", "64", "-r", "3", "-C")
    done = sent(door, path, tmp_path / "out.h5", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["images"], said["errors"]) == (6, 0)
    assert "noise whitened" in done.stderr
    back = ismrmrd.Dataset(str(tmp_path / "out.h5"), create_if_needed=False)
    series = [back.read_image("image_99", index) for index in range(back.number_of_images("image_99"))]
    assert [image.repetition for image in series] == [0, 1, 2]
    # the same as recon mr makes of the file
    with Client(service) as client:
        for image, stack in zip(series, read(path), strict=True):
            (result,) = client.reconstruct_mr(stack.kspace, model="zero-filled")
            truth = stack.laid_out(result.image)
            slope = float(image.meta["RescaleSlope"])
            np.testing.assert_allclose(image.data[0, 0] * slope, truth, atol=truth.max() / 1000)


@needs_tools
@pytest.mark.parametrize("method", ["mr", "l1-wavelet", "sense", "unrolled"])
def test_undersampled_scans_by_every_method(door, tmp_path, method) -> None:
    path = generate(tmp_path / "x.h5", "-c", "6", "-m", "96", "-a", "2", "-w", "24")
    done = sent(door, path, tmp_path / "out.h5", "-c", method)
    assert done.returncode in (0, 1), done.stderr
    with h5py.File(path) as raw, h5py.File(tmp_path / "out.h5") as back:
        phantom = np.abs(raw["dataset/phantom"][0].view("<c8").reshape(96, 96))
        image = back["dataset/image_99/data"][0, 0, 0].astype(float)
    likeness = np.corrcoef(phantom.ravel(), image.ravel())[0, 1]
    assert max(likeness, np.corrcoef(phantom.T.ravel(), image.ravel())[0, 1]) > 0.9


@needs_tools
def test_the_command_fails_where_nothing_comes(door, tmp_path) -> None:
    path = generate(tmp_path / "x.h5", "-c", "4", "-m", "64")
    done = sent(door, path, tmp_path / "out.h5", "-c", "unheard-of")
    assert done.returncode == 1
    assert "ERR no configuration 'unheard-of'; there are mr, " in done.stderr
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    done = command("mrd", "send", path, "-o", tmp_path / "out.h5", "-a", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert "nobody answers" in done.stderr


@needs_tools
def test_the_serializer_of_the_ismrmrd_package_is_a_scanner(door, tmp_path) -> None:
    raw = ismrmrd.Dataset(str(generate(tmp_path / "x.h5", "-c", "4", "-m", "64", "-r", "2")), create_if_needed=False)
    with socket.create_connection(door.address, 30) as connection:
        with connection.makefile("wb") as out, ProtocolSerializer(out) as scanner:
            scanner.serialize(ConfigFile("mr"))
            scanner.serialize(ismrmrd.xsd.CreateFromDocument(raw.read_xml_header()))
            for index in range(raw.number_of_acquisitions()):
                scanner.serialize(raw.read_acquisition(index))
        *answers, last = read_messages(connection.makefile("rb"))
    assert last == Close()
    assert len(images(answers, 99)) == 2
    assert not texts(answers, "ERR")


@needs_tools
def test_the_readers_and_writers_of_the_gadgetron_package(door, tmp_path) -> None:
    raw = ismrmrd.Dataset(str(generate(tmp_path / "x.h5", "-c", "4", "-m", "64")), create_if_needed=False)
    with socket.create_connection(door.address, 30) as connection:
        out = connection.makefile("wb")
        name = constants.GadgetMessageIdentifier.pack(constants.GADGET_MESSAGE_FILENAME) + b"mr".ljust(1024, b"\0")
        out.write(name)
        xml = raw.read_xml_header()
        header = constants.GadgetMessageIdentifier.pack(constants.GADGET_MESSAGE_HEADER)
        out.write(header + struct.pack("<I", len(xml)) + xml)
        for index in range(raw.number_of_acquisitions()):
            writers.write_acquisition(out, raw.read_acquisition(index))
        out.write(constants.GadgetMessageIdentifier.pack(constants.GADGET_MESSAGE_CLOSE))
        out.flush()
        source = connection.makefile("rb")
        found = []
        while True:
            kind = readers.read(source, constants.GadgetMessageIdentifier)
            if kind == constants.GADGET_MESSAGE_CLOSE:
                break
            if kind == constants.GADGET_MESSAGE_TEXT:
                source.read(readers.read_gadget_message_length(source))
            else:
                assert kind == constants.GADGET_MESSAGE_ISMRMRD_IMAGE
                found.append(readers.read_image(source))
    assert [image.image_series_index for image in found] == [99, 100]
    assert found[0].meta["DataRole"] == "Image"


@needs_tools
def test_several_files_at_a_time_are_not_mixed_up(door, tmp_path) -> None:
    paths = [generate(tmp_path / f"{side}.h5", "-c", "4", "-m", str(side)) for side in (48, 64, 80)]
    done: dict[int, subprocess.CompletedProcess] = {}

    def send(index: int) -> None:
        done[index] = sent(door, paths[index], tmp_path / f"out{index}.h5")

    threads = [threading.Thread(target=send, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, side in enumerate((48, 64, 80)):
        assert done[index].returncode == 0, done[index].stderr
        with h5py.File(tmp_path / f"out{index}.h5") as back:
            assert back["dataset/image_99/data"].shape == (1, 1, 1, side, side)
