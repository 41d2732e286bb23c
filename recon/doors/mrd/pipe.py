"""A scan through a pipe: whichever format comes is known by its first bytes."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from recon.doors.mrd import scanner, version2
from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.session import ScannerSession
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import Close, ConfigFile, Message, Text, encode, read_messages

_HDF5 = b"\x89HDF"


def run(
    around: Surroundings,
    source: io.RawIOBase,
    target: BinaryIO,
    config: str,
    parameters: dict[str, Any],
    show: Callable[[str], None],
) -> AnswerOutbox:
    """Read a scan, and write its images as they are ready.

    Parameters
    ----------
    around
        The service.
    source
        A stream of version 1, a stream of version 2, or an HDF5 file.
    target
        Gets a stream of version 2 where one came, and else of version 1.
    config, parameters
        What is wanted, where the stream itself does not say.
    show
        Gets the texts, too.

    Returns
    -------
    AnswerOutbox
        It has counted images and errors.
    """
    buffered = io.BufferedReader(source, 2**20)
    first = buffered.peek(8)[:8]
    is_second = first.startswith(version2.MAGIC)
    send = version2.Writer(target).send if is_second else _Writer(target).send

    def answer(message: Message) -> None:
        if isinstance(message, Text):
            show(message.text)
        send(message)

    outbox = AnswerOutbox(answer)
    with tempfile.TemporaryDirectory() as folder:
        if is_second:
            messages = _wanted(version2.messages_of(buffered), config, parameters)
        elif first.startswith(_HDF5):
            path = Path(folder) / "input"
            with path.open("wb") as file:
                shutil.copyfileobj(buffered, file, 2**20)
            messages = _closed(scanner.messages_of(path, config, parameters))
        else:
            messages = _wanted(read_messages(buffered), config, parameters)
        ScannerSession(around, outbox, "stream").run(messages)
    return outbox


def _wanted(messages: Iterator[Message], config: str, parameters: dict[str, Any]) -> Iterator[Message]:
    yield ConfigFile(config)
    if parameters:
        yield scanner.parameters_text(parameters)
    yield from messages


def _closed(messages: Iterator[Message]) -> Iterator[Message]:
    yield from messages
    yield Close()


class _Writer:
    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def send(self, message: Message) -> None:
        for buffer in encode(message):
            self._target.write(buffer)
        self._target.flush()
