"""Scans as a scanner sends them, and a service that takes the root of the sum of squares."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import termios
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import ismrmrd
import numpy as np

from recon.doors.mrd.kept import Kept
from recon.doors.mrd.noise import NoiseScans
from recon.doors.mrd.server import Doorkeeper, ScannerServer, allowed_networks
from recon.doors.mrd.surroundings import Bounds, Surroundings
from recon.doors.mrd.wire import Block, Close, ConfigFile, Header, Image, Message, Text, encode, layout
from recon.doors.mrd.wire.reader import read_messages
from recon.errors import UnusableData
from recon.physics.fourier import to_image
from recon.quality.interval import calibrated
from recon.quality.verdict import Check, Verdict, measure
from recon.values.result import ImageSlice, ModelIdentity, SeriesReport
from tests.conftest import head, multicoil

COILS, SHAPE = 3, (40, 32)  # samples, lines
RNG = np.random.default_rng(0)
LAST_IN_SLICE, NOISE, CALIBRATION = 1 << 7, 1 << 18, 1 << 19

XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
{before}<acquisitionSystemInformation><receiverChannels>{coils}</receiverChannels></acquisitionSystemInformation>
<experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz></experimentalConditions>
<encoding><encodedSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize>
<fieldOfView_mm><x>{x}</x><y>{y}</y><z>{depth}</z></fieldOfView_mm></encodedSpace>
<reconSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize>
<fieldOfView_mm><x>{x}</x><y>{y}</y><z>{depth}</z></fieldOfView_mm></reconSpace>
<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{centre}</center>
</kspace_encoding_step_1>{limits}</encodingLimits><trajectory>cartesian</trajectory></encoding></ismrmrdHeader>"""


def header(*, coils: int = COILS, z: int = 1, depth: float = 4, before: str = "", limits: str = "") -> Header:
    x, y = SHAPE
    words = XML.format(x=x, y=y, z=z, depth=depth, coils=coils, last=y - 1, centre=y // 2, before=before, limits=limits)
    return Header(words.encode())


def identified(identity: str, depends_on: str = "") -> str:
    dependency = (
        "<measurementDependency><dependencyType>Noise</dependencyType>"
        f"<measurementID>{depends_on}</measurementID></measurementDependency>"
    )
    return (
        f"<measurementInformation><measurementID>{identity}</measurementID><patientPosition>HFS</patientPosition>"
        f"{dependency if depends_on else ''}</measurementInformation>"
    )


def readout(samples: np.ndarray, line: int = 0, flags: int = 0, **counters: int) -> Block:
    made = np.zeros((), layout.ACQUISITION_HEAD)
    coils, count = samples.shape
    made["version"], made["active_channels"], made["number_of_samples"] = 1, coils, count
    made["center_sample"], made["flags"], made["sample_time_us"] = count // 2, flags, 5
    made["read_dir"], made["phase_dir"], made["slice_dir"] = (0, 1, 0), (0, 0, 1), (1, 0, 0)
    made["position"] = (-20 + 4.25 * counters.get("slice", 0), 3, 7)
    made["acquisition_time_stamp"] = 1000 + line
    made["idx"]["kspace_encode_step_1"] = line
    for name, value in counters.items():
        made["idx"][name] = value
    return Block.of_one(made, np.ascontiguousarray(samples, "<c8"))


def kspace(index: int = 0, coils: int = COILS) -> np.ndarray:
    """(coils, samples, lines); slices are told apart by their brightness."""
    return multicoil(head(SHAPE) * (1 + index), coils, noise=0.001, seed=index)


def slice_readouts(index: int = 0, *, flagged: bool = True, data: np.ndarray | None = None, **counters: int):
    values = kspace(index) if data is None else data
    lines = values.shape[2]
    for line in range(lines):
        flags = LAST_IN_SLICE if flagged and line == lines - 1 else 0
        yield readout(values[:, :, line], line, flags, **{"slice": index, **counters})


def root_sum_of_squares(index: int = 0) -> np.ndarray:
    """The image (y, x) of a slice."""
    return np.sqrt((np.abs(to_image(kspace(index))) ** 2).sum(0)).T


def ramp(shape: tuple[int, ...]) -> np.ndarray:
    """A phase that tells rows, columns and signs apart."""
    rows, columns = np.indices(shape)
    return (0.05 * rows - 0.02 * columns).astype(np.float32)


class FakeClient:
    """In the place of the service; every slice has the verdict that ``judge`` gives it."""

    def __init__(self) -> None:
        self.judge = lambda image: Verdict.PASS
        self.failure: Exception | None = None
        self.of_series: list[Check] = []
        self.calls: list[Any] = []
        self.names: list[str] = []
        self.probes: list[tuple[Any, str]] = []
        self.watch = lambda parts: None
        self.gate = threading.Event()
        self.gate.set()

    def models(self) -> list[Any]:
        return [SimpleNamespace(name=name, task="mr") for name in ("zero-filled", "l1-wavelet", "mr_unrolled")]

    def reconstruct_mr(self, kspace: Any, *, phase: bool, probes: str, model: str, name: str, timeout_s: float) -> Any:
        self.calls.append(kspace)
        self.names.append(model)
        self.probes.append((kspace, probes))
        return FakeRun(self, kspace, model, phase)


def report_of(verdicts: list[Verdict], checks: list[Check]) -> SeriesReport:
    """What a service says of a whole series."""
    worst = max([*verdicts, *(check.outcome for check in checks)])
    return SeriesReport(worst, checks, calibrated(1.0), {}, 1)


class FakeRun:
    def __init__(self, client: FakeClient, kspace: Any, model: str, phase: bool) -> None:
        self.model = ModelIdentity(model, "1", "ab" * 32, "0", calibrated(1.0))
        self._client, self._kspace = client, kspace
        self._phase = phase and model != "zero-filled"

    def __iter__(self) -> Iterator[ImageSlice]:
        assert self._client.gate.wait(20)
        if self._client.failure is not None:
            raise self._client.failure
        for index in range(self._kspace.slices):
            if self._kspace.coming is not None:
                self._client.watch(self._kspace.coming(index))
            grid = self._kspace.load(index).grid
            if not np.isfinite(grid).all():
                raise UnusableData(f"slice {index} has NaN or infinite samples")
            image = np.sqrt((np.abs(to_image(grid)) ** 2).sum(0)).astype(np.float32)
            verdict = self._client.judge(image)
            checks = [
                measure("brightness", float(image.max()), unit="", message="as bright as it is", action="look", upper=0)
            ]
            checks = [] if verdict == Verdict.PASS else checks
            extra = {"PHASE": ramp(image.shape)} if self._phase else {}
            self.report = report_of([verdict], [*checks, *self._client.of_series])
            yield ImageSlice(index, image, np.full_like(image, 0.25), verdict, checks, extra)


@contextmanager
def opened(client: Any, kept: Kept | None = None, **bounds: Any) -> Iterator[ScannerServer]:
    """A door on a free port."""
    keeper = Doorkeeper(allowed_networks([], "127.0.0.1"), bounds.pop("sessions", 4), bounds.pop("idle_s", 20))
    around = Surroundings(lambda: client, bounds.pop("noise", None) or NoiseScans(), bounds=Bounds(**bounds))
    server = ScannerServer(("127.0.0.1", 0), around, keeper, kept)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close(10)
        thread.join(5)


class Scanner:
    """A connection that sends when it is told to."""

    def __init__(self, server: ScannerServer) -> None:
        self.socket = socket.create_connection(server.address, 20)
        self._source = self.socket.makefile("rb")
        self._answers = read_messages(self._source)

    def send(self, *messages: Message | bytes) -> None:
        for message in messages:
            for part in [message] if isinstance(message, bytes) else encode(message):
                self.socket.sendall(part)

    def answers(self) -> list[Message]:
        """All until the goodbye, which is not among them."""
        *found, last = self._answers
        assert isinstance(last, Close), last
        return found

    def arrive(self) -> None:
        """Wait until the other end has all that was sent, read or not."""
        end = time.monotonic() + 20
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))[0]:
            assert time.monotonic() < end, "what was sent is not taken"
            time.sleep(0.01)

    def next(self) -> Message:
        return next(self._answers)

    def vanish(self) -> None:
        """Close; what the door's own system has not taken yet is lost, as with a scanner that breaks off."""
        self._source.close()
        self.socket.close()


def scan(server: ScannerServer, messages: Iterable[Message | bytes], *, close: bool = True) -> list[Message]:
    """Send everything, then read everything."""
    scanner = Scanner(server)
    try:
        scanner.send(*messages, *([Close()] if close else []))
        if not close:
            scanner.socket.shutdown(socket.SHUT_WR)
        return scanner.answers()
    finally:
        scanner.vanish()


def images(answers: Iterable[Message], series: int | None = None) -> list[Image]:
    found = [answer for answer in answers if isinstance(answer, Image)]
    return [image for image in found if series in (None, int(image.head["image_series_index"]))]


def texts(answers: Iterable[Message], kind: str = "") -> list[str]:
    return [answer.text for answer in answers if isinstance(answer, Text) and answer.text.startswith(kind)]


def simple_scan(slices: int = 2, config: str = "mr", **changes: Any) -> list[Message]:
    found: list[Message] = [ConfigFile(config), header()]
    for index in range(slices):
        found += slice_readouts(index, **changes)
    return found


def parameters(**values: object) -> Text:
    return Text(json.dumps({"version": "1.1.0", "parameters": values}))


def meta(image: Image) -> ismrmrd.Meta:
    return ismrmrd.Meta.deserialize(image.attributes)


def values(image: Image) -> np.ndarray:
    return image.values[0, 0] * float(meta(image)["RescaleSlope"])


def noise(count: int = 8, coils: int = COILS):
    data = RNG.normal(size=(count, coils, 2 * SHAPE[0])).astype("<f4").view("<c8")
    return [readout(samples, flags=NOISE) for samples in data]
