"""What goes back to a scanner: images as soon as they are made, what is to be said of each, and of all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from recon.client.calls import Calls
from recon.doors.mrd.coming import Coming
from recon.doors.mrd.contrast import enhanced
from recon.doors.mrd.images import SeriesOfImages
from recon.doors.mrd.images_in import ImagesIn
from recon.doors.mrd.mr import ScanReconstruction
from recon.doors.mrd.options import SessionOptions
from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.pictures import IMAGE, Picture
from recon.doors.mrd.scan import Portion
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import Image, Message, Text
from recon.errors import InvalidRequest, ReconError, one_line
from recon.io.mrd.header import ScanHeader
from recon.quality.verdict import Verdict

_log = logging.getLogger(__name__)
#: More than the slices that go up as they come, so that one that is whole never waits for one that is not.
_AT_A_TIME = 3
_QUEUED = 8
_LOUD = {Verdict.PASS: "DBG", Verdict.REVIEW: "WRN", Verdict.REJECT: "ERR"}


class Answering:
    """Makes the images of one session, a few slices at a time, and hands them to its outbox in order.

    Parameters
    ----------
    around
        What all sessions share.
    options
        Of the session.
    outbox
        Takes the answers.
    name
        For logs; says nothing of a patient.
    wanted
        Whether anybody still wants images.
    """

    def __init__(
        self, around: Surroundings, options: SessionOptions, outbox: AnswerOutbox, name: str, wanted: Callable[[], bool]
    ) -> None:
        self._around, self._options, self._out, self._name, self._wanted = around, options, outbox, name, wanted
        self._client: Calls = around.client()
        self._album = SeriesOfImages(options.pixels)
        self._workers = ThreadPoolExecutor(_AT_A_TIME, f"mrd-{name}")
        self._queued = threading.BoundedSemaphore(_QUEUED)
        self._begun: dict[Coming, Future[Iterable[Message]]] = {}
        self._making: ScanReconstruction | None = None
        self._verdicts = dict.fromkeys(Verdict, 0)

    def describe(self, header: ScanHeader) -> None:
        """What the slices that follow are of."""
        self._making = ScanReconstruction(
            self._client,
            header,
            self._options,
            self._name,
            self._around.bounds.timeout_s,
            lambda words: self._out.say("DBG", words),
        )

    def begin(self, coming: Coming) -> None:
        """Let the readouts of a slice go up as they come; where others are waiting, it waits until it is whole."""
        if self._queued.acquire(blocking=False):
            self._begun[coming] = self._workers.submit(self._made, coming)

    def finish(self, portion: Portion) -> None:
        """Send the images of a slice that is complete; waits while many are."""
        begun = self._begun.pop(portion.came_as, None) if portion.came_as is not None else None
        if begun is None:
            self._queued.acquire()
            begun = self._workers.submit(self._made, portion)
        self._out.put(begun)

    def wait(self) -> None:
        """Return when all images are made, or those that nobody wants any more are left."""
        self._workers.shutdown(cancel_futures=not self._wanted())

    def give_back(self, images: Iterable[Image]) -> None:
        """Never an image lost: what can't be used goes back as it came."""
        for image in images:
            self._out.reserve(image.values.nbytes)
            self._out.put(image)

    def enhance(self, came: ImagesIn, key: str) -> None:
        """Full-dose contrast of two scans; where there is none, the images themselves.

        Parameters
        ----------
        came
            The scans, or the second of them.
        key
            What ties it to the first; empty where nothing does.
        """
        try:
            stacks, earlier = came.stacks, self._around.scans.find(key)
            if len(stacks) == 1 and earlier is not None:
                stacks = [earlier, *stacks]
            if len(stacks) == 1 and key:
                self._around.scans.keep(key, stacks[0])
                raise InvalidRequest("one scan came; it is kept as the one before contrast, and goes back as it is")
            if key and earlier is None:  # a reduced dose that is measured or sent again may come alone
                self._around.scans.keep(key, stacks[0])
            for pictures in enhanced(self._client, stacks, self._options, self._around.bounds.timeout_s):
                self._out.reserve(sum(picture.values.nbytes for picture in pictures))
                self._out.put(_done(self._answers(pictures)))
        except ReconError as error:
            self._out.say("WRN", f"no contrast is made: {error.problem}")
            if not self._options.send_originals:
                self.give_back(came.images)

    def say_total(self) -> None:
        """How many images of which verdict, when all have been sent."""

        def total() -> Iterator[Message]:
            words = ", ".join(f"{count} {verdict.name}" for verdict, count in self._verdicts.items() if count)
            if words:
                yield Text(f"DBG images: {words}")

        self._out.put(_done(total()))

    def _made(self, measured: Portion | Coming) -> Iterable[Message]:
        making, name = self._making, measured.name
        assert making is not None
        try:
            pictures = making.pictures(measured) if self._wanted() else []
        except ReconError as error:
            return [Text(f"ERR {name}: {error.problem.removeprefix(f'{name}: ')}")]
        except Exception as error:
            _log.exception("session %s, %s", self._name, name)
            return [Text(f"ERR {name}: a defect of the service ({one_line(error)})")]
        finally:
            self._queued.release()
        self._out.reserve(sum(picture.values.nbytes for picture in pictures))
        return self._answers(pictures)

    def _answers(self, pictures: list[Picture]) -> Iterator[Message]:
        """Images and what is said of them; run where they are sent, so that series are numbered in order."""
        for picture in pictures:
            if picture.kind == IMAGE:
                self._verdicts[picture.verdict] += 1
                if picture.verdict != Verdict.PASS or picture.notes:
                    kind = "WRN" if picture.verdict == Verdict.PASS else _LOUD[picture.verdict]
                    yield Text(f"{kind} {picture.name}: {picture.words}")
            if picture.verdict == Verdict.REJECT and self._options.withhold_rejected:
                if picture.kind == IMAGE:
                    yield Text(f"WRN {picture.name}: withheld, as asked")
                continue
            yield self._album.image(picture)


def _done(messages: Iterable[Message]) -> Future[Iterable[Message]]:
    """Messages that are made when it is their turn to be sent."""
    made: Future[Iterable[Message]] = Future()
    made.set_result(messages)
    return made
