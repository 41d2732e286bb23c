"""The node's parts, each a loop around the ledger that may be a process of its own, and may be killed at any time."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon.client import Client
from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log, quiet_libraries
from recon.errors import InvalidRequest, OutputFailed

#: In the order in which they start.
PARTS = ("receive", "decide", "work", "send")
READY = "recon node is ready on "
_LOOK_EVERY_S = 0.2
_CLEAN_EVERY_S = 60.0


def run_part(name: str, config: NodeConfig, stop: threading.Event, client: Client | None = None) -> None:
    """Run one part until ``stop`` is set.

    Parameters
    ----------
    name
        Of :data:`PARTS`.
    config
        Of the node.
    stop
        Set from outside.
    client
        Of the service, for ``work``.

    Raises
    ------
    InvalidRequest
        When that part of this folder's node runs already.
    """
    quiet_libraries()
    ledger = Ledger(config.folder)
    with alone(config.folder, name):
        try:
            if name == "receive":
                _receive(config, ledger, stop)
            elif name == "decide":
                _decide(config, ledger, stop)
            elif name == "work" and client is not None:
                _work(config, ledger, stop, client)
            elif name == "send":
                _send(config, ledger, stop)
            else:
                raise InvalidRequest(f"there is no part {name}")
        finally:
            ledger.close()


def _receive(config: NodeConfig, ledger: Ledger, stop: threading.Event) -> None:
    from recon.doors.node.commitment import Commitments
    from recon.doors.node.inbox import Inbox
    from recon.doors.node.receive import Receiver
    from recon.doors.node.space import Watermark

    watermark = Watermark(config.folder, config.limits)
    inbox = Inbox(ledger, watermark)
    adopted = inbox.adopt()
    receiver = Receiver(config, inbox, Commitments(config, ledger))
    log("receiving", listen=f"{config.listen.rpartition(':')[0]}:{receiver.port}", count=adopted)
    web = None
    if config.http is not None:
        from recon.doors.node.web import WebServer, application

        web = WebServer(application(config, ledger, inbox, watermark), config.http, config.http_tls)
    also = f", HTTP on {config.http}" if config.http else ""
    print(f"{READY}{config.listen.rpartition(':')[0]}:{receiver.port}{also}", flush=True)
    try:
        stop.wait()
    finally:
        receiver.close()
        if web is not None:
            web.close()


def _decide(config: NodeConfig, ledger: Ledger, stop: threading.Event) -> None:
    from recon.doors.node.cleaning import Cleaner
    from recon.doors.node.completion import Decider
    from recon.doors.node.releases import Releases

    decider, cleaner, releases, cleaned = Decider(config, ledger), Cleaner(config, ledger), Releases(ledger), 0.0
    while not stop.wait(_LOOK_EVERY_S):
        decider.look()
        releases.catch_up()
        if time.monotonic() - cleaned >= _CLEAN_EVERY_S:
            cleaner.clean()
            cleaned = time.monotonic()


def _work(config: NodeConfig, ledger: Ledger, stop: threading.Event, client: Client) -> None:
    from recon.doors.node.work import Worker

    Worker(config, ledger, client).run(stop)


def _send(config: NodeConfig, ledger: Ledger, stop: threading.Event) -> None:
    from recon.doors.node.courier import Courier
    from recon.doors.node.reporter import Reporter

    threads = [threading.Thread(target=Courier(config, ledger, name, stop).run) for name in config.destinations]
    threads.append(threading.Thread(target=Reporter(config, ledger).run, args=(stop,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of a part, or of the whole node, which ends with the process however that ends.

    Raises
    ------
    InvalidRequest
        When another process holds it.
    OutputFailed
        When the folder can't be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{name}.lock").open("w")
    except OSError as error:
        raise OutputFailed(f"{folder}: {error.strerror}; choose another folder") from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidRequest(f"{folder}: its {name} runs already; one process a folder") from error
        yield
