"""The other side: what a scanner does, for files that are sent as if they were being measured."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from recon.doors.mrd.image_file import images_in
from recon.doors.mrd.wire import (
    Block,
    Close,
    ConfigFile,
    Header,
    Image,
    Message,
    Text,
    encode,
    read_messages,
)
from recon.doors.mrd.wire.layout import ACQUISITION_HEAD
from recon.errors import DeadlineExceeded, ReconError, ServiceUnavailable, UnreadableInput
from recon.io.hdf5 import dataset, reading
from recon.io.mrd.source import group_of, header_text


def messages_of(path: Path, config: str, parameters: dict[str, Any]) -> Iterator[Message]:
    """What a scanner would send of a file: readouts in the order of time, or images.

    Parameters
    ----------
    path
        ISMRMRD, HDF5.
    config, parameters
        What is asked for.

    Raises
    ------
    UnreadableInput
        When the file is damaged or holds neither.
    """
    with reading(path) as file:
        group = group_of(file) or "dataset"
        xml, data = header_text(file, group), dataset(file, f"{group}/data")
        pictures = [name for name in file.get(group, {}) if name.startswith("image_")]
        if data is None and not pictures:
            raise UnreadableInput(f"{path}: has neither readouts ({group}/data) nor images ({group}/image_*)")
        yield ConfigFile(config)
        if xml is not None:
            yield Header(xml)
        if parameters:
            yield parameters_text(parameters)
        if data is not None:
            yield from _readouts(data)
    if pictures:
        yield from images_in(path, group)


def parameters_text(parameters: dict[str, Any]) -> Text:
    """Parameters as a console sends them."""
    return Text(json.dumps({"version": "1.1.0", "parameters": parameters}))


def _readouts(data: Any) -> Iterator[Block]:
    for start in range(0, len(data), 64):
        for row in data[start : start + 64]:
            head = row["head"].astype(ACQUISITION_HEAD)
            coils, count = int(head["active_channels"]), int(head["number_of_samples"])
            samples = row["data"].view("<c8").reshape(coils, count)
            dimensions = int(head["trajectory_dimensions"])
            path = row["traj"].reshape(count, dimensions) if dimensions else None
            yield Block.of_one(head, samples, path)


def converse(
    address: tuple[str, int], outgoing: Iterable[Message], take: Callable[[Message], None], timeout_s: float
) -> None:
    """Send messages and take the answers, both at once, until the server says goodbye.

    Parameters
    ----------
    address
        Host and port.
    outgoing
        Without the last ``Close``.
    take
        Gets each answer.
    timeout_s
        Longest silence.

    Raises
    ------
    ServiceUnavailable
        When nobody listens, or the server went without a goodbye.
    DeadlineExceeded
        When it is silent for too long.
    ReconError
        When what is sent can't be read, or what comes can't be understood.
    """
    host, port = address
    try:
        connection = socket.create_connection(address, timeout=min(timeout_s, 10))
    except OSError as error:
        raise ServiceUnavailable(f"nobody answers at {host}:{port} ({error.strerror or error})") from error
    with connection:
        connection.settimeout(timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender = _Sender(connection, outgoing)
        try:
            with connection.makefile("rb", 0) as source:
                for message in read_messages(source):
                    if isinstance(message, Close):
                        break
                    take(message)
                else:
                    raise ServiceUnavailable(f"{host}:{port} went away without a goodbye")
        except TimeoutError as error:
            raise DeadlineExceeded(f"{host}:{port} said nothing for {timeout_s:g} s") from error
        except OSError as error:
            raise ServiceUnavailable(f"{host}:{port} went away ({error.strerror or error})") from error
        finally:
            sender.stop()
    if sender.failure is not None:
        raise sender.failure


class _Sender(threading.Thread):
    """Sends while the answers are read."""

    def __init__(self, connection: socket.socket, outgoing: Iterable[Message]) -> None:
        super().__init__(name="mrd-sender", daemon=True)
        self.failure: ReconError | None = None
        self._connection, self._outgoing = connection, outgoing
        self._stopped = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            for message in self._outgoing:
                if self._stopped.is_set():
                    return
                self._send(message)
        except ReconError as error:  # what is to be sent can't be read
            self.failure = error
        except OSError:
            return  # the reader says why
        if not self._stopped.is_set():
            with suppress(OSError):
                self._send(Close())

    def _send(self, message: Message) -> None:
        for buffer in encode(message):
            self._connection.sendall(buffer)

    def stop(self) -> None:
        """The server has said all; what is not sent yet is not wanted."""
        self._stopped.set()
        if self.is_alive():
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self.join()


class Received:
    """Counts and shows what a server answers.

    Parameters
    ----------
    keep
        Gets the images.
    show
        Gets the texts.
    """

    def __init__(self, keep: Callable[[Image], None], show: Callable[[str], None]) -> None:
        self.images = self.errors = 0
        self._keep, self._show = keep, show

    def take(self, message: Message) -> None:
        """Take one answer."""
        if isinstance(message, Image):
            self.images += 1
            self._keep(message)
        elif isinstance(message, Text):
            self.errors += message.text.startswith("ERR")
            self._show(message.text)
