"""Answers go out in order; a scanner that is gone stops nothing, and what it would have had is kept."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import numpy as np

from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.wire import Close, Image, Message, Text
from recon.doors.mrd.wire.layout import IMAGE_HEAD
from recon.errors import DiskFull, UnusableData


def image(value: float = 0.0) -> Image:
    return Image.of(np.zeros((), IMAGE_HEAD), "", np.full((1, 1, 4, 4), value, "<f4"))


class Shelf:
    """Keeps images."""

    def __init__(self) -> None:
        self.images: list[Image] = []

    def keep(self, image: Image) -> None:
        self.images.append(image)


def test_what_is_still_being_made_holds_its_place() -> None:
    sent: list[Message] = []
    outbox = AnswerOutbox(sent.append)
    making: Future[list[Message]] = Future()
    outbox.put(making)
    outbox.say("DBG", "after  it,\nin one line")
    made = image()
    making.set_result([made, Text("WRN with it")])
    outbox.close()
    assert sent == [made, Text("WRN with it"), Text("DBG after it, in one line"), Close()]
    assert (outbox.images, outbox.errors) == (1, 0)


def test_what_fails_is_said_and_the_rest_goes_on() -> None:
    sent: list[Message] = []
    outbox = AnswerOutbox(sent.append)
    for error in (UnusableData("slice 3 has NaN"), ZeroDivisionError("oops")):
        failed: Future[list[Message]] = Future()
        failed.set_exception(error)
        outbox.put(failed)
    given_up: Future[list[Message]] = Future()
    given_up.cancel()
    outbox.put(given_up)
    outbox.close()
    first, second, goodbye = sent
    assert first == Text("ERR slice 3 has NaN")
    assert isinstance(second, Text)
    assert "oops" in second.text
    assert goodbye == Close()
    assert outbox.errors == 2


def test_a_scanner_that_is_gone_gets_nothing_more_and_all_is_kept() -> None:
    tries: list[Message] = []

    def send(message: Message) -> None:
        tries.append(message)
        raise BrokenPipeError

    shelf = Shelf()
    outbox = AnswerOutbox(send, shelf)
    images = [image(value) for value in range(3)]
    for one in images:
        outbox.put(one)
    outbox.close()
    assert tries == images[:1]
    assert shelf.images == images
    assert outbox.gone.is_set()


def test_what_is_fetched_is_not_kept_again() -> None:
    shelf = Shelf()
    outbox = AnswerOutbox(lambda message: None, shelf)
    outbox.keep_no_more()
    outbox.put(image())
    outbox.close()
    assert shelf.images == []


def test_who_makes_more_than_is_taken_waits_and_nobody_waits_for_the_gone() -> None:
    taking = threading.Event()

    def send(message: Message) -> None:
        assert taking.wait(60)

    outbox = AnswerOutbox(send, most_bytes=1)
    outbox.reserve(image().values.nbytes)
    outbox.put(image())
    waiting = threading.Thread(target=outbox.reserve, args=(1,))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    taking.set()
    waiting.join(60)
    assert not waiting.is_alive()
    outbox.leave()
    outbox.reserve(1 << 40)  # returns
    outbox.close()


def test_images_go_out_also_where_they_can_not_be_kept() -> None:
    """A full disk: the scanner is told once, gets every image, and nobody waits for room that never comes."""

    class Full:
        tries = 0

        def keep(self, image: Image) -> None:
            self.tries += 1
            raise DiskFull("kept/1.h5: no space left")

    sent: list[Message] = []
    full = Full()
    outbox = AnswerOutbox(sent.append, full, most_bytes=1)
    images = [image(value) for value in range(3)]

    def make() -> None:
        for one in images:
            outbox.reserve(one.values.nbytes)
            outbox.put(one)

    making = threading.Thread(target=make, daemon=True)
    making.start()
    making.join(20)
    assert not making.is_alive()
    outbox.close()
    warning, *rest = sent
    assert isinstance(warning, Text)
    assert warning.text.startswith("WRN images are no longer kept")
    assert "no space left" in warning.text
    assert rest == [*images, Close()]
    assert (full.tries, outbox.images, outbox.errors) == (1, 3, 0)
