"""The port that scanners connect to: who may come in, how many at a time, and how a connection ends."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from recon.doors.mrd.kept import Kept, KeptSession, new_name
from recon.doors.mrd.outbox import AnswerOutbox
from recon.doors.mrd.session import ScannerSession
from recon.doors.mrd.surroundings import Surroundings
from recon.doors.mrd.wire import Close, Message, Text, encode, read_messages
from recon.errors import InvalidRequest, ServiceUnavailable

AddressRange: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_log = logging.getLogger(__name__)
_GOODBYE_S = 30.0
_GREETING_S = 10.0


@dataclass(frozen=True)
class Doorkeeper:
    """Who may come in, and for how long.

    Attributes
    ----------
    allowed
        Networks; connections from elsewhere are closed.
    most_sessions
        At a time.
    idle_s
        Longest silence, and longest time for which nothing can be sent.
    """

    allowed: Sequence[AddressRange]
    most_sessions: int = 8
    idle_s: float = 600.0


class ScannerServer:
    """Listens from the moment it is made; sessions run on threads of their own.

    Parameters
    ----------
    address
        Host and port; port 0 takes a free one.
    around
        What sessions share.
    keeper
        Who may come in.
    kept
        Where results stay; None keeps none.

    Raises
    ------
    ServiceUnavailable
        When the address can't be listened on.
    """

    def __init__(
        self, address: tuple[str, int], around: Surroundings, keeper: Doorkeeper, kept: Kept | None = None
    ) -> None:
        self._around, self._keeper, self._kept = around, keeper, kept
        try:
            self._socket = socket.create_server(
                address, family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET, backlog=64
            )
        except OSError as error:
            raise ServiceUnavailable(f"can't listen on {address[0]}:{address[1]}: {error.strerror}") from error
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._sessions: set[threading.Thread] = set()
        self._closing = threading.Event()

    def run(self) -> None:
        """Take connections until :meth:`close`."""
        while not self._closing.is_set():
            try:
                connection, peer = self._socket.accept()
            except OSError:
                if self._closing.is_set():
                    return
                time.sleep(0.1)  # out of file descriptors, perhaps
                continue
            self._sessions = {thread for thread in self._sessions if thread.is_alive()}
            refused = self._refusal(peer[0])
            if refused == "":
                target, arguments = self._converse, (connection,)
            elif refused is not None and len(self._sessions) < 4 * self._keeper.most_sessions:
                target, arguments = _refuse, (connection, refused)  # type: ignore[assignment]
            else:
                connection.close()
                continue
            thread = threading.Thread(target=target, args=arguments, daemon=True)
            self._sessions.add(thread)
            thread.start()

    def close(self, drain_s: float = 30.0) -> None:
        """Take no more connections, and wait for those that there are."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        end = time.monotonic() + drain_s
        for thread in list(self._sessions):
            thread.join(max(0.0, end - time.monotonic()))

    def _refusal(self, host: str) -> str | None:
        """Why a peer is not let in; empty when it is, None when it is not even told."""
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not any((mapped or address) in network for network in self._keeper.allowed):
            _log.warning("a connection from an address that is not allowed was closed")
            return None
        busy = sum(thread.is_alive() for thread in self._sessions)
        return "" if busy < self._keeper.most_sessions else f"{busy} scans are being taken, no more; try again later"

    def _converse(self, connection: socket.socket) -> None:
        name = new_name()
        _log.info("session %s begins", name)
        with connection:
            _prepare(connection, self._keeper.idle_s)
            keeping = self._kept.open(name) if self._kept is not None else None
            outbox = AnswerOutbox(lambda message: _send(connection, message), keeping)
            session = ScannerSession(self._around, outbox, name, kept=self._kept)
            with connection.makefile("rb", 0) as source:
                session.run(read_messages(source))
                delivered = _goodbye(connection) and not outbox.gone.is_set()
            if keeping is not None:
                self._settle(keeping, session, name, delivered)
        _log.info("session %s ends: %d images, %d errors", name, outbox.images, outbox.errors)

    def _settle(self, keeping: KeptSession, session: ScannerSession, name: str, delivered: bool) -> None:
        try:
            entry = keeping.close(delivered, session.identity)
            if entry is not None and not entry.delivered:
                _log.warning("session %s: the scanner left; %d images are kept", name, entry.images)
            assert self._kept is not None
            self._kept.tidy()
        except Exception:
            _log.exception("session %s: results could not be kept", name)


def allowed_networks(words: Sequence[str], host: str) -> list[AddressRange]:
    """The networks that are let in; loopback where nothing is said.

    Parameters
    ----------
    words
        Addresses or networks, such as ``192.168.2.0/24``.
    host
        That is listened on.

    Raises
    ------
    InvalidRequest
        When one is no network, or the port is open to others and nobody was named.
    """
    try:
        found = [ipaddress.ip_network(word, strict=False) for word in words]
    except ValueError as error:
        raise InvalidRequest(f"--allow: {error}; give addresses or networks such as 192.168.2.0/24") from error
    if not found and host not in ("localhost", "::1") and not host.startswith("127."):
        raise InvalidRequest(
            f"{host} can be reached from outside, and the protocol knows no passwords; name who may come in with "
            "--allow ADDRESS or NETWORK (0.0.0.0/0 is everybody)"
        )
    return found or [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]


def _prepare(connection: socket.socket, idle_s: float) -> None:
    connection.settimeout(idle_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _send(connection: socket.socket, message: Message) -> None:
    for buffer in encode(message):
        connection.sendall(buffer)


def _refuse(connection: socket.socket, why: str) -> None:
    with connection, contextlib.suppress(OSError):
        _prepare(connection, _GREETING_S)
        for message in (Text(f"ERR {why}"), Close()):
            _send(connection, message)
        _goodbye(connection)


def _goodbye(connection: socket.socket) -> bool:
    """Read on until the peer has closed too: closing with data unread would take away what it has not read yet.

    Returns
    -------
    bool
        Whether it did, which it does when it has read everything; one that was gone before resets the connection.
    """
    end = time.monotonic() + _GOODBYE_S
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        rest = bytearray(2**20)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv_into(rest):
                return True
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
