"""One scanner's session: a configuration, a header, parameters, then data, and images back while data come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from recon.client import Client
from recon.doors.mrd.contrast import EarlierScans, enhanced
from recon.doors.mrd.images import SeriesOfImages
from recon.doors.mrd.images_in import ImagesIn, scan_key
from recon.doors.mrd.kept import Kept
from recon.doors.mrd.mr import Reconstruction
from recon.doors.mrd.noise import NoiseScans, dependency_of, identity_of
from recon.doors.mrd.options import CONTRAST, SessionOptions, options_of, parameters_of
from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.pictures import IMAGE, Picture
from recon.doors.mrd.scan import Portion, Scan
from recon.doors.mrd.wire import (
    Acquisition,
    Array,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    Message,
    Text,
    Waveform,
)
from recon.errors import InvalidRequest, ReconError, UnreadableInput, one_line
from recon.io.mrd.header import document_of, scan_header
from recon.quality.verdict import Verdict

_log = logging.getLogger(__name__)
#: Name of the configuration that asks for kept results.
FETCH = "fetch"
_AT_A_TIME = 2
_QUEUED = 8
_LOUD = {Verdict.PASS: "DBG", Verdict.REVIEW: "WRN", Verdict.REJECT: "ERR"}


@dataclass(frozen=True)
class Bounds:
    """What one session may take.

    Attributes
    ----------
    held_bytes
        Of readouts and images that came.
    timeout_s
        For a slice or slab in the service.
    """

    held_bytes: int = 8 * 2**30
    timeout_s: float = 600.0


@dataclass
class Surroundings:
    """What the sessions of a door share.

    Attributes
    ----------
    client
        Gives the connection to the service, once it is there.
    noise
        Noise scans of earlier sessions.
    scans
        Scans before contrast of earlier sessions.
    bounds
        Of each session.
    """

    client: Callable[[], Client]
    noise: NoiseScans = field(default_factory=NoiseScans)
    scans: EarlierScans = field(default_factory=EarlierScans)
    bounds: Bounds = field(default_factory=Bounds)


class ScannerSession:
    """Takes the messages of one scanner, and answers.

    Parameters
    ----------
    around
        What all sessions share.
    outbox
        Takes the answers.
    name
        For logs; says nothing of a patient.
    kept
        Where results stay, so that images are wanted even when the scanner has left; None where none are kept.
    """

    def __init__(self, around: Surroundings, outbox: AnswerOutbox, name: str, *, kept: Kept | None = None) -> None:
        self._around, self._out, self._name, self._kept = around, outbox, name, kept
        self._config = ""
        self._parameters: dict[str, Any] = {}
        self._xml = b""
        self._document: Any = None
        self._began: SessionOptions | None = None
        self._served: list[str] = []
        self._scan: Scan | None = None
        self._making: Reconstruction | None = None
        self._album = SeriesOfImages("int16")
        self._workers = ThreadPoolExecutor(_AT_A_TIME, f"mrd-{name}")
        self._queued = threading.BoundedSemaphore(_QUEUED)
        self._verdicts = dict.fromkeys(Verdict, 0)
        self._noted: set[str] = set()
        self._came = 0
        self._images: ImagesIn | None = None

    def run(self, messages: Iterator[Message]) -> None:
        """From the first message to the last answer; whatever happens is said, then the session is closed."""
        if self._kept is not None:
            self._out.say("DBG", f"session {self._name}: results are kept")
        try:
            incomplete = self._take_all(messages)
            if self._config == FETCH:
                self._fetch()
            elif self._wanted:
                self._finish(incomplete)
        except ReconError as error:
            self._out.say("ERR", error.problem)
        except Exception as error:
            _log.exception("session %s", self._name)
            self._out.say("ERR", f"a defect of the service ({one_line(error)}); its log says more")
        finally:
            self._workers.shutdown(cancel_futures=not self._wanted)
            if self._scan is not None:
                self._around.noise.end(identity_of(self._document), self._scan.noise)
            self._out.close()

    @property
    def identity(self) -> str:
        """Of the scan; empty where its header gives none."""
        return identity_of(self._document)

    @property
    def _wanted(self) -> bool:
        return self._kept is not None or not self._out.gone.is_set()

    def _take_all(self, messages: Iterator[Message]) -> str:
        """Take every message; returns why readouts may be missing, empty after a proper end."""
        try:
            for message in messages:
                if isinstance(message, Close):
                    return ""
                self._take(message)
                if not self._wanted:
                    return "the scanner has left"
        except UnreadableInput as error:  # it ended within a message, or the header is none
            if not self._came:
                raise
            self._out.say("ERR", error.problem)
            return error.problem
        except OSError as error:
            words = f"the connection broke off ({error.strerror or error})"
            self._out.say("ERR", words)
            return words
        if not self._came:
            return ""
        self._out.say("WRN", "the stream ended without a close")
        return "the stream ended without a close, so readouts may be missing"

    def _take(self, message: Message) -> None:
        match message:
            case ConfigFile(name=name) | ConfigText(text=name):
                self._must_come_before_data("a configuration")
                self._config = name
            case Header(xml=xml):
                self._must_come_before_data("a header")
                self._xml = xml
            case Text(text=text):
                self._take_text(text)
            case Acquisition():
                self._came += 1
                self._take_readout(message)
            case Image():
                self._came += 1
                self._take_image(message)
            case Waveform():
                self._note("DBG", "waveforms are not used")
            case Array():
                self._note("WRN", "arrays (NDARRAY) are not used")

    def _must_come_before_data(self, what: str) -> None:
        if self._began is not None:
            raise InvalidRequest(f"{what} came after the data had begun; open another connection for another scan")

    def _take_text(self, text: str) -> None:
        found = parameters_of(text)
        if not found:
            self._note("DBG", "a text that is no JSON with parameters was not used")
        elif self._began is not None:
            self._out.say("WRN", "parameters that came after the data had begun were not used")
        else:
            self._parameters.update(found)

    def _begin(self) -> SessionOptions:
        """Once the first data come, all that was said before counts."""
        if self._began is None:
            client = self._around.client()
            self._served = [model.name for model in client.models() if model.task == "mr"]
            self._began = options_of(self._config, self._parameters, self._served)
            self._album = SeriesOfImages(self._began.pixels)
            for note in self._began.notes:
                self._out.say("WRN", note)
        return self._began

    def _take_readout(self, readout: Acquisition) -> None:
        options = self._begin()
        if options.task != "mr":
            raise InvalidRequest(f"configuration {options.task} takes images, and raw data came; use mr")
        scan = self._scan or self._begin_scan(options)
        portion = scan.add(readout)
        if portion is not None:
            self._reconstruct(portion)

    def _begin_scan(self, options: SessionOptions) -> Scan:
        if not self._xml:
            raise InvalidRequest("acquisitions came before a header")
        self._document = document_of(self._xml, "the header")
        header = scan_header(self._document, "the header")
        self._scan = Scan(header, cache(lambda: self._earlier_noise(options)), self._around.bounds.held_bytes)
        self._around.noise.begin(identity_of(self._document))
        self._making = Reconstruction(
            self._around.client(), header, options, self._name, self._around.bounds.timeout_s,
            lambda words: self._out.say("DBG", words),
        )  # fmt: skip
        return self._scan

    def _earlier_noise(self, options: SessionOptions) -> list[Acquisition]:
        wanted = dependency_of(self._document)
        if not wanted or wanted == identity_of(self._document):
            return []
        noise = self._around.noise.find(wanted, options.noise_wait_s)
        if noise is None:
            self._out.say("WRN", f"noise scan {wanted} that the header names is not here; noise is not whitened")
            return []
        self._out.say("DBG", f"noise scan {wanted} is used")
        return noise

    def _take_image(self, image: Image) -> None:
        options = self._begin()
        if options.task == CONTRAST:
            if self._images is None:
                self._images = ImagesIn(self._around.bounds.held_bytes)
            self._images.add(image)
            if not options.send_originals:
                return
        elif options.task == "mr":
            self._note("WRN", "images came, and mr takes raw data; they go back as they are")
        self._give_back([image])

    def _give_back(self, images: Iterable[Image]) -> None:
        """Never an image lost: what can't be used goes back as it came."""
        for image in images:
            self._out.reserve(image.values.nbytes)
            self._out.put(image)

    def _enhance(self, came: ImagesIn, options: SessionOptions) -> None:
        """Full-dose contrast of two scans; where there is none, the images themselves."""
        key = scan_key(self._xml)
        try:
            stacks, earlier = came.stacks, self._around.scans.find(key)
            if len(stacks) == 1 and earlier is not None:
                stacks = [earlier, *stacks]
            if len(stacks) == 1 and key:
                self._around.scans.keep(key, stacks[0])
                raise InvalidRequest("one scan came; it is kept as the one before contrast, and goes back as it is")
            for picture_list in enhanced(self._around.client(), stacks, options, self._around.bounds.timeout_s):
                self._out.put(_done(self._answers(picture_list)))
        except ReconError as error:
            self._out.say("WRN", f"no contrast is made: {error.problem}")
            if not options.send_originals:
                self._give_back(came.images)

    def _reconstruct(self, portion: Portion) -> None:
        making = self._making
        assert making is not None
        self._queued.acquire()

        def make() -> Iterable[Message]:
            try:
                pictures = making.pictures(portion) if self._wanted else []
            except ReconError as error:
                return [Text(f"ERR {portion.name}: {error.problem.removeprefix(f'{portion.name}: ')}")]
            except Exception as error:
                _log.exception("session %s, %s", self._name, portion.name)
                return [Text(f"ERR {portion.name}: a defect of the service ({one_line(error)})")]
            finally:
                self._queued.release()
            self._out.reserve(sum(picture.values.nbytes for picture in pictures))
            return self._answers(pictures)

        self._out.put(self._workers.submit(make))

    def _answers(self, pictures: list[Picture]) -> Iterator[Message]:
        """Images and what is said of them; run where they are sent, so that series are numbered in order."""
        assert self._began is not None
        for picture in pictures:
            if picture.kind == IMAGE:
                self._verdicts[picture.verdict] += 1
                if picture.verdict != Verdict.PASS or picture.notes:
                    kind = "WRN" if picture.verdict == Verdict.PASS else _LOUD[picture.verdict]
                    yield Text(f"{kind} {picture.name}: {picture.words}")
            if picture.verdict == Verdict.REJECT and self._began.withhold_rejected:
                if picture.kind == IMAGE:
                    yield Text(f"WRN {picture.name}: withheld, as asked")
                continue
            yield self._album.image(picture)

    def _fetch(self) -> None:
        """Send kept results again; without a name, say which there are."""
        if self._kept is None:
            raise InvalidRequest("results are not kept here; start the door with --keep DIR")
        self._out.keep_no_more()
        name = str(self._parameters.get("session") or "")
        if name:
            for image in self._kept.images(name):
                self._out.reserve(image.values.nbytes)
                self._out.put(image)
            return
        for entry in self._kept.entries():
            state = "delivered" if entry.delivered else "not delivered"
            self._out.say("DBG", f"session {entry.name}: {entry.images} images, {state}")

    def _finish(self, incomplete: str) -> None:
        if not self._came:
            words = "closed before a header came" if not self._xml else "closed before any data came"
            self._out.say("WRN" if not self._xml else "ERR", words)
            return
        if self._images is not None and self._began is not None:
            self._enhance(self._images, self._began)
            self._out.put(_done(self._total()))
        if self._scan is None or self._making is None:
            return
        for portion in self._scan.rest(incomplete):
            self._reconstruct(portion)
        self._workers.shutdown()
        self._say_what_came_of(self._scan)
        self._out.put(_done(self._total()))

    def _say_what_came_of(self, scan: Scan) -> None:
        identity = identity_of(self._document)
        if scan.is_empty and scan.noise:
            self._out.say("DBG", f"noise scan of {len(scan.noise)} readouts kept under {identity or 'no identity'}")
        elif scan.is_empty:
            self._out.say("ERR", f"{self._came} acquisitions came, none of them for imaging")
        if scan.left_out:
            self._out.say("DBG", f"{scan.left_out} readouts for navigation, correction or feedback left out")
        if scan.too_late:
            self._out.say("ERR", f"{scan.too_late} readouts came for slices that were finished and are not in them")

    def _total(self) -> Iterator[Message]:
        """How many images of which verdict; run when all have been sent."""
        words = ", ".join(f"{count} {verdict.name}" for verdict, count in self._verdicts.items() if count)
        if words:
            yield Text(f"DBG images: {words}")

    def _note(self, kind: str, words: str) -> None:
        if words not in self._noted:
            self._noted.add(words)
            self._out.say(kind, words)


def _done(messages: Iterable[Message]) -> Future[Iterable[Message]]:
    """Messages that are made when it is their turn to be sent."""
    made: Future[Iterable[Message]] = Future()
    made.set_result(messages)
    return made
