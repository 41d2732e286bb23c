"""What the scanner's door adds: from a slice's last readout to its image on the wire, and megabytes a second.

A scanner on loopback sends readouts to the door of a whole service with a model that does nothing. The gRPC way is the
same k-space, sent at the same pace by the client library to the same service, and also in one piece when all is there:
the clock starts before the last readout is handed over and stops when the image is here.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recon.bench.intake import write_model
from recon.client import Client
from recon.doors.mrd.wire import Close, ConfigFile, Header, Image, Message, Text, encode, layout
from recon.doors.mrd.wire.reader import read_messages
from recon.machine import describe
from recon.values.readouts import KSpace, ReadoutPart, Readouts
from recon.volumes import ComplexImage, Geometry

#: Lines that a scanner sends at once, and the one whose image is waited for.
_AT_ONCE = 8
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


class _Pace:
    """Lines of a slice at so many megabytes a second; the last one alone."""

    def __init__(self, megabytes: float, mb_per_s: float) -> None:
        self._seconds = megabytes / mb_per_s if mb_per_s else 0.0
        self.last = 0.0

    def __iter__(self) -> Iterator[slice]:
        began = time.perf_counter()
        for start in (*range(0, _SIDE - 1, _AT_ONCE), _SIDE - 1):
            stop = _SIDE if start == _SIDE - 1 else min(start + _AT_ONCE, _SIDE - 1)
            time.sleep(max(0.0, began + self._seconds * stop / _SIDE - time.perf_counter()))
            self.last = time.perf_counter()
            yield slice(start, stop)


class _Scanner:
    """Sends slices of one k-space, and waits for their images."""

    def __init__(self, address: str, lines: ComplexImage) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = read_messages(self._socket.makefile("rb", 0))
        coils, samples = lines.shape[1:]
        self._rows = np.zeros(_SIDE, layout.acquisition(coils, samples, 0))
        self._rows["id"], self._rows["samples"] = layout.ACQUISITION, lines
        head = self._rows["head"]
        head["active_channels"], head["number_of_samples"] = coils, samples
        head["version"], head["center_sample"], head["sample_time_us"] = 1, _SIDE // 2, 5
        head["read_dir"], head["phase_dir"], head["slice_dir"] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
        head["idx"]["kspace_encode_step_1"] = np.arange(_SIDE)
        head["flags"][-1] = _LAST_IN_SLICE
        for message in (
            ConfigFile("zero-filled"),
            Header(_XML.encode()),
            Text('{"parameters": {"uncertainty": false, "probes": "off"}}'),
        ):
            self._send(message)

    def _send(self, message: Message) -> None:
        for buffer in encode(message):
            self._socket.sendall(buffer)

    def send_slice(self, number: int, pace: _Pace) -> None:
        self._rows["head"]["idx"]["slice"] = number
        self._rows["head"]["position"][:, 2] = 3 * number
        for some in pace:
            self._socket.sendall(self._rows[some].view(np.uint8).data)

    def image(self) -> float:
        """Wait for one; returns when it was here."""
        for message in self._answers:
            if isinstance(message, Image):
                return time.perf_counter()
            if isinstance(message, Text) and message.text.startswith("ERR"):
                raise RuntimeError(message.text)
        raise RuntimeError("the door closed without an image")

    def images(self, count: int) -> None:
        for _ in range(count):
            self.image()

    def close(self) -> None:
        self._send(Close())
        for _ in self._answers:
            pass
        self._socket.close()


def measure(
    door: Callable[[Path], Any], coils: tuple[int, ...] = (8, 32), slices: int = 20, mb_per_s: float = 300.0
) -> dict[str, Any]:
    """Latency and throughput for each number of coils, with the machine that they were measured on.

    Parameters
    ----------
    door
        Context manager that starts a door with the models of a folder, and yields its address and its service's.
    coils
        Of a scan of 256 x 256.
    slices
        Of a scan.
    mb_per_s
        At which the scanner measures where latency is looked at.
    """
    with tempfile.TemporaryDirectory(prefix="recon-mrd-") as folder:
        write_model(Path(folder), "zero-filled")
        with door(Path(folder)) as (address, service), Client(service) as client:
            scans = [_scan(client, address, count, slices, mb_per_s) for count in coils]
    return {"machine": describe(), "paced_mb_per_s": mb_per_s, "scans": scans}


def _scan(client: Client, address: str, coils: int, slices: int, mb_per_s: float) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    lines = rng.standard_normal((_SIDE, coils, _SIDE, 2), dtype=np.float32).view(np.complex64)[..., 0]
    megabytes = lines.nbytes / 1e6
    scanner = _Scanner(address, lines)
    began = time.perf_counter()
    scanner.send_slice(0, _Pace(megabytes, mb_per_s))
    first = scanner.image() - began
    by_door: list[float] = []
    streamed: list[float] = []
    whole: list[float] = []
    for number in range(1, slices):  # in turns, so that what else the machine does meets all
        pace = _Pace(megabytes, mb_per_s)
        scanner.send_slice(number, pace)
        by_door.append(scanner.image() - pace.last)
        pace = _Pace(megabytes, mb_per_s)
        streamed.append(_by_grpc(client, lines, pace) - pace.last)
        began = time.perf_counter()
        whole.append(_by_grpc(client, lines) - began)
    scanner.close()
    scanner = _Scanner(address, lines)
    reader = threading.Thread(target=scanner.images, args=(slices,))
    reader.start()
    began = time.perf_counter()
    for number in range(slices):
        scanner.send_slice(number, _Pace(megabytes, 0))
    sent = time.perf_counter()
    reader.join()
    ended = time.perf_counter()
    scanner.close()
    return {
        "coils": coils,
        "slices": slices,
        "megabytes_a_slice": round(megabytes, 1),
        "first_image_ms": _ms(first),
        "door_ms": _ms(float(np.median(by_door))),
        "door_ms_most": _ms(max(by_door)),
        "grpc_ms": _ms(float(np.median(streamed))),
        "grpc_ms_most": _ms(max(streamed)),
        "grpc_whole_ms": _ms(float(np.median(whole))),
        "added_ms": _ms(float(np.median(by_door) - np.median(streamed))),
        "mb_per_s": round(megabytes * slices / (ended - began), 1),
        "end_of_scan_ms": _ms(ended - sent),
    }


def _by_grpc(client: Client, lines: ComplexImage, pace: _Pace | None = None) -> float:
    """Send a slice, as it comes at a pace or in one piece; returns when its image was here."""
    coils = lines.shape[1]
    whole = Readouts(lines, np.ones((_SIDE, _SIDE), np.uint16))
    numbers = np.arange(_SIDE)

    def coming(_: int) -> Iterator[ReadoutPart]:
        assert pace is not None
        return (ReadoutPart(numbers[some], lines[some]) for some in pace)

    geometry = Geometry.from_spacing(1.0, 1.0, 3.0)
    kspace = KSpace(1, coils, _SIDE, _SIDE, geometry, lambda _: whole, coming=None if pace is None else coming)
    (_,) = client.reconstruct_mr(kspace, model="zero-filled", probes="off")
    return time.perf_counter()


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
