"""The DICOM listener: accepting never waits for a caller.

pynetdicom 3.0.4 shakes hands on TLS in its accepting loop, so that one silent client shuts out all others. Here
each connection is shaken hands with on its own thread, against a clock, and every socket has a timeout.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Any

from pynetdicom import AE
from pynetdicom.transport import ThreadedAssociationServer

from recon.doors.node.logs import log


class Listener(ThreadedAssociationServer):
    """An association server whose handshakes are off the accepting thread.

    Parameters
    ----------
    ae
        Of pynetdicom, with contexts and timeouts.
    address
        Host and port; port 0 takes a free one.
    context
        For TLS; None listens in the clear.
    handlers
        Of pynetdicom events.
    handshake_s, idle_s
        How long a handshake may take, and how long a read may wait.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        ae: AE,
        address: tuple[str, int],
        context: ssl.SSLContext | None,
        handlers: list[Any],
        handshake_s: float,
        idle_s: float,
    ) -> None:
        self._context, self._handshake_s, self._idle_s = context, handshake_s, idle_s
        super().__init__(ae, address, ae.ae_title, ae.supported_contexts, None, handlers)
        ae._servers.append(self)  # pynetdicom counts the associations of the servers that it knows
        self._loop = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        self._loop.start()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept, and nothing else."""
        assert self.socket is not None
        return self.socket.accept()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """On a thread of its own: shake hands where TLS is spoken, then associate."""
        request.settimeout(self._handshake_s)
        if self._context is not None:
            try:
                request = self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
                request.do_handshake()
            except (OSError, ValueError) as error:
                log("handshake_failed", address=client_address[0], why=type(error).__name__)
                with contextlib.suppress(OSError):
                    request.close()
                return
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request.settimeout(self._idle_s)  # else a caller that stops in the middle of a PDU stays for ever
        super().process_request_thread(request, client_address)
