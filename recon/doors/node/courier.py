"""A courier for each destination: takes from its outbox, waits when it is away, holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from recon.doors.node.commitment import Commitments
from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from recon.doors.node.logs import log
from recon.doors.node.outbox import Outbox, Parcel
from recon.doors.node.outcome import Meaning, Outcome, waiting_s
from recon.doors.node.peers import Destination
from recon.errors import OutputFailed, ReconError, ServiceUnavailable, one_line

_LOOK_EVERY_S = 0.1


class Courier:
    """Sends to one destination, on its own thread.

    Parameters
    ----------
    config
        Of the node.
    ledger
        Of the node.
    name
        Of the destination.
    stop
        Ends it.
    """

    def __init__(self, config: NodeConfig, ledger: Ledger, name: str, stop: threading.Event) -> None:
        self._name, self._to, self._stop = name, config.destinations[name], stop
        self._calling = self._to.calling or config.titles[0]
        self._outbox = Outbox(ledger, name, self._to)
        self._commitments = Commitments(config, ledger)
        self._failures = 0

    def run(self) -> None:
        """Send what is due until told to stop."""
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                wait = self.step()
            except OutputFailed as error:  # the ledger can't be written: nothing may go on
                log("ledger_failed", destination=self._name, why=error.problem)
                wait = self._to.retry_first_s
            except Exception as error:  # a defect must not end the courier
                log("courier_failed", destination=self._name, why=one_line(error)[:200])
                self._failures += 1
                wait = waiting_s(self._failures, self._to.retry_first_s, self._to.retry_most_s)

    def step(self) -> float:
        """Send one study, or ask about what was sent; returns how long to wait before the next step, s."""
        self._outbox.bury()
        parcels = self._outbox.next()
        asking = [] if parcels else self._outbox.uncommitted()
        if not parcels and not asking:
            return _LOOK_EVERY_S
        try:
            if parcels:
                self._send(parcels)
            else:
                self._ask(asking)
        except ServiceUnavailable as error:
            self._failures += 1
            self._outbox.unreachable(parcels, error.problem)
            wait = waiting_s(self._failures, self._to.retry_first_s, self._to.retry_most_s)
            log("unreachable", destination=self._name, why=error.problem, attempts=self._failures, seconds=wait)
            return wait
        except ReconError as error:
            self._outbox.unreachable(parcels, error.problem)
            raise
        self._failures = 0
        return 0.0

    def _send(self, parcels: Sequence[Parcel]) -> None:
        sent = 0
        for parcel, outcome in _way(self._to, self._calling, parcels):
            self._outbox.record(parcel, outcome)
            sent += outcome.meaning is Meaning.SENT
            if outcome.meaning is Meaning.LATER:
                raise ServiceUnavailable(outcome.words)
            if self._stop.is_set():
                break
        log("sent", destination=self._name, instances=sent, count=len(parcels))

    def _ask(self, parcels: Sequence[Parcel]) -> None:
        from recon.doors.node.store_out import ask_commitment

        self._outbox.asked(parcels)
        if not ask_commitment(self._to, self._name, self._calling, parcels, self._commitments):
            raise ServiceUnavailable("storage commitment is refused")
        log("asked", destination=self._name, instances=len(parcels))


def _way(to: Destination, calling: str, parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, Outcome]]:
    if to.folder is not None:
        from recon.doors.node import folder_out

        return folder_out.deliver(to.folder, parcels)
    if to.stow is not None:
        from recon.doors.node import stow

        return stow.deliver(to, parcels)
    from recon.doors.node.store_out import store

    return store(to, calling, parcels)
