"""One scanner's session: a configuration, a header, parameters, then data, received while answers go back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

from recon.doors.mrd.answering import Answering
from recon.doors.mrd.coming import Coming
from recon.doors.mrd.images_in import ImagesIn, scan_key
from recon.doors.mrd.kept import Kept
from recon.doors.mrd.noise import dependency_of, identity_of
from recon.doors.mrd.options import CONTRAST, MR, SessionOptions, options_of, parameters_of
from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.scan import Scan
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import (
    Block,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    Message,
    NDArray,
    Text,
    Waveform,
)
from recon.errors import InvalidRequest, ReconError, UnreadableInput, one_line
from recon.io.mrd.header import document_of, scan_header

_log = logging.getLogger(__name__)
#: Name of the configuration that asks for kept results.
FETCH = "fetch"


class ScannerSession:
    """Takes the messages of one scanner, and has them answered.

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
        self._options: SessionOptions | None = None
        self._answering: Answering | None = None
        self._scan: Scan | None = None
        self._images: ImagesIn | None = None
        self._noted: set[str] = set()
        self._came = 0

    def run(self, messages: Iterator[Message]) -> None:
        """From the first message to the last answer; whatever happens is said, then the session is closed."""
        if self._kept is not None:
            self._out.say("DBG", f"session {self._name}: results are kept")
        try:
            incomplete = self._take_all(messages)
            if self._config == FETCH:
                self._fetch()
            elif self._wanted():
                self._finish(incomplete)
        except ReconError as error:
            self._out.say("ERR", error.problem)
        except Exception as error:
            _log.exception("session %s", self._name)
            self._out.say("ERR", f"a defect of the service ({one_line(error)}); its log says more")
        finally:
            if self._scan is not None:
                self._scan.stop()
                self._around.noise.end(self.identity, self._scan.noise)
            if self._answering is not None:
                self._answering.wait()
            self._out.close()

    @property
    def identity(self) -> str:
        """Of the scan; empty where its header gives none."""
        return identity_of(self._document)

    def _wanted(self) -> bool:
        return self._kept is not None or not self._out.gone.is_set()

    def _take_all(self, messages: Iterator[Message]) -> str:
        """Take every message; returns why readouts may be missing, empty after a proper end."""
        try:
            for message in messages:
                if isinstance(message, Close):
                    return ""
                self._take(message)
                if not self._wanted():
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
            case Block():
                self._came += len(message)
                self._take_readouts(message)
            case ConfigFile(name=name) | ConfigText(text=name):
                self._must_come_before_data("a configuration")
                self._config = name
            case Header(xml=xml):
                self._must_come_before_data("a header")
                self._xml = xml
            case Text(text=text):
                self._take_text(text)
            case Image():
                self._came += 1
                self._take_image(message)
            case Waveform():
                self._note("DBG", "waveforms are not used")
            case NDArray():
                self._note("WRN", "arrays (NDARRAY) are not used")

    def _must_come_before_data(self, what: str) -> None:
        if self._options is not None:
            raise InvalidRequest(f"{what} came after the data had begun; open another connection for another scan")

    def _take_text(self, text: str) -> None:
        found = parameters_of(text)
        if not found:
            self._note("DBG", "a text that is no JSON with parameters was not used")
        elif self._options is not None:
            self._out.say("WRN", "parameters that came after the data had begun were not used")
        else:
            self._parameters.update(found)

    def _begin(self) -> tuple[SessionOptions, Answering]:
        """Once the first data come, all that was said before counts."""
        if self._options is None or self._answering is None:
            served = [model.name for model in self._around.client().models() if model.task == MR]
            self._options = options_of(self._config, self._parameters, served)
            self._answering = Answering(self._around, self._options, self._out, self._name, self._wanted)
            for note in self._options.notes:
                self._out.say("WRN", note)
        return self._options, self._answering

    def _take_readouts(self, block: Block) -> None:
        options, answering = self._begin()
        if options.task != MR:
            raise InvalidRequest(f"configuration {options.task} takes images, and raw data came; use mr")
        scan = self._scan or self._begin_scan(options, answering)
        for measured in scan.add(block):
            if isinstance(measured, Coming):
                answering.begin(measured)
            else:
                answering.finish(measured)

    def _begin_scan(self, options: SessionOptions, answering: Answering) -> Scan:
        if not self._xml:
            raise InvalidRequest("acquisitions came before a header")
        self._document = document_of(self._xml, "the header")
        header = scan_header(self._document, "the header")
        answering.describe(header)
        self._scan = Scan(header, cache(lambda: self._earlier_noise(options)), self._around.bounds.held_bytes)
        self._around.noise.begin(self.identity)
        return self._scan

    def _earlier_noise(self, options: SessionOptions) -> list[Block]:
        wanted = dependency_of(self._document)
        if not wanted or wanted == self.identity:
            return []
        noise = self._around.noise.find(wanted, options.noise_wait_s)
        if noise is None:
            self._out.say("WRN", f"noise scan {wanted} that the header names is not here; noise is not whitened")
            return []
        self._out.say("DBG", f"noise scan {wanted} is used")
        return noise

    def _take_image(self, image: Image) -> None:
        options, answering = self._begin()
        if options.task == CONTRAST:
            if self._images is None:
                self._images = ImagesIn(self._around.bounds.held_bytes)
            self._images.add(image)
            if not options.send_originals:
                return
        elif options.task == MR:
            self._note("WRN", "images came, and mr takes raw data; they go back as they are")
        answering.give_back([image])

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
        if not self._came or self._answering is None:
            words = "closed before a header came" if not self._xml else "closed before any data came"
            self._out.say("WRN" if not self._xml else "ERR", words)
            return
        if self._images is not None:
            self._answering.enhance(self._images, scan_key(self._xml))
        if self._scan is not None:
            for portion in self._scan.rest(incomplete):
                self._answering.finish(portion)
            self._answering.wait()
            self._say_what_came_of(self._scan)
        self._answering.say_total()

    def _say_what_came_of(self, scan: Scan) -> None:
        if scan.is_empty and scan.noise:
            count = sum(map(len, scan.noise))
            self._out.say("DBG", f"noise scan of {count} readouts kept under {self.identity or 'no identity'}")
        elif scan.is_empty:
            self._out.say("ERR", f"{self._came} acquisitions came, none of them for imaging")
        if scan.left_out:
            self._out.say("DBG", f"{scan.left_out} readouts for navigation, correction or feedback left out")
        if scan.too_late:
            self._out.say("ERR", f"{scan.too_late} readouts came for slices that were finished and are not in them")

    def _note(self, kind: str, words: str) -> None:
        if words not in self._noted:
            self._noted.add(words)
            self._out.say(kind, words)
