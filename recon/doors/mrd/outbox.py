"""What goes back to a scanner, in order, while the next is still being made; a scanner that is gone stops nothing."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from typing import Protocol, TypeAlias

from recon.doors.mrd.wire import Close, Image, Message, Text
from recon.errors import ReconError, one_line

_log = logging.getLogger(__name__)

#: Messages that are there, or that are still being made.
Outgoing: TypeAlias = Message | Future[Iterable[Message]]
Send: TypeAlias = Callable[[Message], None]


class Keeper(Protocol):
    """Where images stay beside being sent."""

    def keep(self, image: Image) -> None:
        """Store one."""


class AnswerOutbox:
    """Sends on a thread of its own, so that reading never waits for a scanner that reads only when it has sent all.

    Parameters
    ----------
    send
        Sends a message; raises ``OSError`` when there is nobody who takes it.
    keeper
        Gets every image; None where none is kept.
    most_bytes
        Of finished images that wait to be sent; whoever makes more waits.

    Attributes
    ----------
    images, errors
        How many were sent or kept, and how many texts begin with ERR.
    gone
        Whether the scanner has left.
    """

    def __init__(self, send: Send, keeper: Keeper | None = None, most_bytes: int = 2**30) -> None:
        self.images = self.errors = 0
        self.gone = threading.Event()
        self._out, self._keeper, self._most = send, keeper, most_bytes
        self._items: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        self._waiting, self._room = 0, threading.Condition()
        self._thread = threading.Thread(target=self._send_all, name="mrd-outbox", daemon=True)
        self._thread.start()

    def put(self, item: Outgoing) -> None:
        """Send it after what was put before."""
        self._items.put(item)

    def say(self, kind: str, words: str) -> None:
        """A line for the scanner's log, of kind DBG, WRN or ERR."""
        self.put(Text(f"{kind} {' '.join(words.split())}"))

    def keep_no_more(self) -> None:
        """What follows is kept already."""
        self._keeper = None

    def reserve(self, size: int) -> None:
        """Wait until images of so many bytes may be put by; nobody waits for a scanner that has left."""
        with self._room:
            self._room.wait_for(lambda: self._waiting < self._most or self.gone.is_set())
            self._waiting += size

    def close(self) -> None:
        """Say goodbye; returns when all is sent."""
        self.put(Close())
        self._thread.join()

    def _send_all(self) -> None:
        while True:
            item = self._items.get()
            try:
                for message in self._messages(item):
                    self._send(message)
                    if isinstance(message, Close):
                        return
            except Exception as error:  # an image that can't be made must not cost the others
                _log.exception("an image could not be sent")
                words = error.problem if isinstance(error, ReconError) else one_line(error)
                self._send(Text(f"ERR {words}"))

    def _messages(self, item: Outgoing) -> Iterable[Message]:
        if not isinstance(item, Future):
            return (item,)
        try:
            return item.result()
        except CancelledError:
            return ()

    def _send(self, message: Message) -> None:
        try:
            if isinstance(message, Image):
                self.images += 1
                self._keep(message)
            elif isinstance(message, Text) and message.text.startswith("ERR"):
                self.errors += 1
            self._give(message)
        finally:  # room is made whatever happens: who makes images would wait for ever
            if isinstance(message, Image):
                with self._room:
                    self._waiting -= message.values.nbytes
                    self._room.notify_all()

    def _give(self, message: Message) -> None:
        try:
            if not self.gone.is_set():
                self._out(message)
        except OSError:
            self.leave()

    def _keep(self, image: Image) -> None:
        """Keep a copy; where that fails, as on a full disk, the scanner is told once and images go out all the same."""
        if self._keeper is None:
            return
        try:
            self._keeper.keep(image)
        except Exception as error:
            _log.exception("an image could not be kept")
            self._keeper = None
            words = error.problem if isinstance(error, ReconError) else one_line(error)
            self._give(Text(f"WRN images are no longer kept, and can't be fetched later: {words}"))

    def leave(self) -> None:
        """The scanner has left: nothing is sent any more."""
        with self._room:
            self.gone.set()
            self._room.notify_all()
