"""What the scanner's door adds: from a slice's last readout to its image on the wire, and megabytes a second.

A scanner on loopback sends readouts as fast as they go to a door in this process; behind it stands a whole service with
a model that does nothing. The gRPC way is the same k-space, in memory as a whole, sent by the client library: the clock
starts when it is called and stops when it has the image.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recon.bench.intake import write_model
from recon.client import Client
from recon.doors.mrd.server import Doorkeeper, ScannerServer, allowed_networks
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import Block, Close, ConfigFile, Header, Image, Message, Text, encode, layout
from recon.doors.mrd.wire.reader import read_messages
from recon.machine import describe
from recon.values.readouts import KSpace, Readouts
from recon.volumes import ComplexImage, Geometry

_SIDE = 256
_LAST_IN_SLICE = 1 << 7
_SPACE = (
    f"<matrixSize><x>{_SIDE}</x><y>{_SIDE}</y><z>1</z></matrixSize>"
    f"<fieldOfView_mm><x>{_SIDE}</x><y>{_SIDE}</y><z>3</z></fieldOfView_mm>"
)
_XML = (
    '<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><experimentalConditions><H1resonanceFrequency_Hz>123000000'
    "</H1resonanceFrequency_Hz></experimentalConditions><encoding>"
    f"<encodedSpace>{_SPACE}</encodedSpace><reconSpace>{_SPACE}</reconSpace><encodingLimits><kspace_encoding_step_1>"
    f"<minimum>0</minimum><maximum>{_SIDE - 1}</maximum><center>{_SIDE // 2}</center></kspace_encoding_step_1>"
    "</encodingLimits><trajectory>cartesian</trajectory></encoding></ismrmrdHeader>"
)


class _Scanner:
    """Sends slices of one k-space, and waits for their images."""

    def __init__(self, address: tuple[str, int], kspace: ComplexImage) -> None:
        self._socket = socket.create_connection(address, 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = read_messages(self._socket.makefile("rb", 0))
        self._lines = np.ascontiguousarray(kspace.transpose(2, 0, 1), "<c8")
        self.send(ConfigFile("zero-filled"))
        self.send(Header(_XML.encode()))
        self.send(Text('{"parameters": {"uncertainty": false}}'))

    def send(self, message: Message) -> None:
        for buffer in encode(message):
            self._socket.sendall(buffer)

    def send_slice(self, number: int) -> None:
        for line, samples in enumerate(self._lines):
            head = np.zeros((), layout.ACQUISITION_HEAD)
            head["active_channels"], head["number_of_samples"] = samples.shape
            head["version"], head["center_sample"], head["sample_time_us"] = 1, _SIDE // 2, 5
            head["read_dir"], head["phase_dir"], head["slice_dir"] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
            head["idx"]["slice"], head["idx"]["kspace_encode_step_1"] = number, line
            head["position"] = 0, 0, 3 * number
            head["flags"] = _LAST_IN_SLICE if line == _SIDE - 1 else 0
            self.send(Block.of_one(head, samples))

    def image(self) -> None:
        """Wait for one."""
        for message in self._answers:
            if isinstance(message, Image):
                return
            if isinstance(message, Text) and message.text.startswith("ERR"):
                raise RuntimeError(message.text)
        raise RuntimeError("the door closed without an image")

    def images(self, count: int) -> None:
        for _ in range(count):
            self.image()

    def close(self) -> None:
        self.send(Close())
        for _ in self._answers:
            pass
        self._socket.close()


def measure(serve: Callable[..., Any], coils: tuple[int, ...] = (8, 32), slices: int = 20) -> dict[str, Any]:
    """Latency and throughput for each number of coils, with the machine that they were measured on.

    Parameters
    ----------
    serve
        Context manager that starts a service with the given options and yields its address.
    coils
        Of a scan of 256 x 256.
    slices
        Of a scan.
    """
    with _door(serve) as (client, address):
        return {"machine": describe(), "scans": [_scan(client, address, count, slices) for count in coils]}


def _scan(client: Client, address: tuple[str, int], coils: int, slices: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    kspace = rng.standard_normal((coils, _SIDE, _SIDE, 2), dtype=np.float32).view(np.complex64)[..., 0]
    megabytes = kspace.nbytes / 1e6
    scanner = _Scanner(address, kspace)
    began = time.perf_counter()
    scanner.send_slice(0)
    scanner.image()
    first = time.perf_counter() - began
    door: list[float] = []
    grpc: list[float] = []
    for number in range(1, slices):  # in turns, so that what else the machine does meets both
        scanner.send_slice(number)
        door.append(_timed(scanner.image))
        grpc.append(_timed(lambda: _by_grpc(client, kspace)))
    scanner.close()
    scanner = _Scanner(address, kspace)
    reader = threading.Thread(target=scanner.images, args=(slices,))
    reader.start()
    began = time.perf_counter()
    for number in range(slices):
        scanner.send_slice(number)
    sent = time.perf_counter()
    reader.join()
    ended = time.perf_counter()
    scanner.close()
    return {
        "coils": coils, "slices": slices, "megabytes_a_slice": round(megabytes, 1),
        "first_image_ms": _ms(first), "door_ms": _ms(float(np.median(door))), "grpc_ms": _ms(float(np.median(grpc))),
        "added_ms": _ms(float(np.median(door) - np.median(grpc))), "door_ms_most": _ms(max(door)),
        "mb_per_s": round(megabytes * slices / (ended - began), 1), "end_of_scan_ms": _ms(ended - sent),
    }  # fmt: skip


def _by_grpc(client: Client, kspace: ComplexImage) -> None:
    coils = kspace.shape[0]
    geometry = Geometry.from_spacing(1.0, 1.0, 3.0)
    readouts = Readouts.of_grid(kspace)
    series = KSpace(1, coils, _SIDE, _SIDE, geometry, lambda _: readouts)
    for _ in client.reconstruct_mr(series, model="zero-filled", probes="off"):
        pass


def _timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


@contextmanager
def _door(serve: Callable[..., Any]) -> Iterator[tuple[Client, tuple[str, int]]]:
    with tempfile.TemporaryDirectory(prefix="recon-mrd-") as folder:
        write_model(Path(folder), "zero-filled")
        with serve("--repository", folder) as address, Client(address) as client:
            client.wait_ready(60)
            keeper = Doorkeeper(allowed_networks([], "127.0.0.1"))
            server = ScannerServer(("127.0.0.1", 0), Surroundings(lambda: client), keeper)
            threading.Thread(target=server.run, daemon=True).start()
            try:
                yield client, server.address
            finally:
                server.close(5)
