"""Takes items from the ledger through reading, the service and the disk, several at a time.

Each item is on a thread of its own: while one is with the service, the next is read and hashed and the
one before is brought to the disk. Only the middle part counts against the :class:`~recon.batch.flow.FlowWindow`.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recon.batch.discover import changed_since
from recon.batch.execute import Executor, Incomplete, NothingToDo, WorkerLost, checked
from recon.batch.flow import FlowWindow
from recon.batch.items import Item, sha256_of
from recon.batch.ledger import BatchLedger, ModelChanged
from recon.batch.states import UNSTABLE, State
from recon.batch.storage import Storage
from recon.batch.written_ledger import LedgerFailed
from recon.errors import (
    DeadlineExceeded,
    DiskFull,
    OutputFailed,
    ReconError,
    ServiceUnavailable,
    TooManyRequests,
    one_line,
    outcome_of,
)

CANCEL = ".cancel"
_AHEAD = 2
_BETWEEN_LOOKS_S = 0.2


@dataclass(frozen=True)
class RunSettings:
    """How hard to try.

    Attributes
    ----------
    in_flight
        Most items with the service at a time.
    attempts
        Of one item, while the service is there.
    deaths
        How many workers may die over one item before it is held to be the cause.
    patience_s
        How long to wait for a service that is away, or full, before the run ends and leaves the rest
        pending, s.
    grace_s
        How long a stopped run waits for what is under way, s.
    backoff_s
        Delay after the first attempt that failed; doubles each time, s.
    """

    in_flight: int = 8
    attempts: int = 5
    deaths: int = 6
    patience_s: float = 600.0
    grace_s: float = 30.0
    backoff_s: float = 0.5


OnTransition = Callable[[Item, State, str], None]


class Runner:
    """One run over a ledger.

    Parameters
    ----------
    ledger, storage
        Of the output folder.
    executor
        Does the items.
    settings
        How hard to try.
    listener
        Told of every item that ends or is put back, on the thread where that happens.
    """

    def __init__(
        self,
        ledger: BatchLedger,
        storage: Storage,
        executor: Executor,
        settings: RunSettings | None = None,
        listener: OnTransition = lambda item, state, reason: None,
    ) -> None:
        self.ledger, self.storage, self.executor = ledger, storage, executor
        self.settings = settings or RunSettings()
        self.window = FlowWindow(most=self.settings.in_flight)
        self.stopped = ""
        self._listener = listener
        self._active = 0
        self._changed = threading.Condition()
        self._outage = threading.Lock()
        self._progress = time.monotonic()
        self._defect: BaseException | None = None

    def run(self) -> str:
        """Work until nothing is pending, or the run is stopped.

        Returns
        -------
        str
            Why it was stopped; empty when everything was tried.
        """
        cancel = self.storage.folder / CANCEL
        threads = [
            threading.Thread(target=self._work, name=f"batch-{n}", daemon=True)
            for n in range(self.settings.in_flight + _AHEAD)
        ]
        for thread in threads:
            thread.start()
        deadline = float("inf")
        while any(thread.is_alive() for thread in threads):
            threads[0].join(_BETWEEN_LOOKS_S) if threads[0].is_alive() else time.sleep(0.01)
            if not self.stopped and cancel.exists():
                self.stop("cancelled")
            if self.stopped:
                deadline = min(deadline, time.monotonic() + self.settings.grace_s)
            if time.monotonic() > deadline:
                self.executor.close()
                deadline = float("inf")
        cancel.unlink(missing_ok=True)
        if self._defect is not None:
            raise self._defect
        return self.stopped

    def stop(self, reason: str) -> None:
        """Start nothing more; what is under way may end within the grace."""
        self.stopped = self.stopped or reason
        self.window.stop()

    def _work(self) -> None:
        try:
            while not self.stopped:
                with self._changed:
                    item = self.ledger.claim() if self._active < self.window.size + _AHEAD else None
                    if item is None:
                        if self._active == 0 and self.ledger.next_due() is None:
                            self._changed.notify_all()
                            return
                        self._changed.wait(0.05 if self._active == 0 else 0.2)
                        continue
                    self._active += 1
                try:
                    self._process(item)
                finally:
                    with self._changed:
                        self._active -= 1
                        self._changed.notify_all()
        except BaseException as defect:  # of the ledger itself: nothing may go on
            self._defect = self._defect or defect
            self.stop("the ledger can't be written")

    def _process(self, item: Item) -> None:
        try:
            self._attempt(item)
        except TooManyRequests as error:
            wait = outcome_of(error).retry_after_s or 2.0
            self.window.refused(min(wait, 8 * self.settings.backoff_s))
            self._put_back(item, error.problem, counted=False)
            if self._waited_too_long():
                self.stop(f"the service has been full for {self.settings.patience_s:.0f} s")
        except WorkerLost as error:
            if item.suspect + 1 >= self.settings.deaths and not self.stopped:
                self._end(item, State.FAILED, f"{item.suspect + 1} workers died over it", retryable=True)
            else:
                self._put_back(item, error.problem, suspect=True, counted=False)
        except ServiceUnavailable as error:
            self._service_away(item, error)
        except LedgerFailed:
            raise
        except DiskFull as error:  # no item can be written, and none is to blame
            self._put_back(item, error.problem, counted=False)
            self.stop(error.problem)
        except OutputFailed as error:
            self._end(item, State.FAILED, error.problem, retryable=True)
        except ModelChanged as error:
            self._put_back(item, error.problem, counted=False)
            self.stop(error.problem)
        except NothingToDo as error:
            self._end(item, State.SKIPPED, error.problem)
        except ReconError as error:
            self._end(item, State.FAILED, error.problem, retryable=isinstance(error, DeadlineExceeded | Incomplete))
        except Exception as error:  # a defect in a reader or in a job fails its item, not the archive
            self._end(item, State.FAILED, f"defect: {one_line(error)[:250]}")

    def _attempt(self, item: Item) -> None:
        why = changed_since(self.ledger, item)
        if why:
            self._end(item, State.SKIPPED if why.startswith(UNSTABLE) else State.FAILED, why)
            return
        item = self._identified(item)
        with self.window.place(alone=item.suspect > 0) as granted:
            if not granted:
                self._put_back(item, "", counted=False)
                return
            attempt = self.storage.begin(item)
            try:
                report = checked(self.executor.run(item, attempt))
            except BaseException:
                self.storage.discard(attempt)
                raise
            self.window.succeeded()
            self._progress = time.monotonic()
        why = changed_since(self.ledger, item)
        if why:
            self.storage.discard(attempt)
            self._end(item, State.SKIPPED if why.startswith(UNSTABLE) else State.FAILED, why)
            return
        try:
            self.ledger.require_same_model(item, report)
        except ModelChanged:
            self.storage.discard(attempt)
            raise
        made = self.storage.publish(item, attempt, report)
        state = self.ledger.publish(item, made)
        self._tell(item, state, "")

    def _identified(self, item: Item) -> Item:
        """The item with its inputs hashed; reading them now also brings them into the cache."""
        digests, total = {}, hashlib.sha256()
        for role, files in sorted(item.files.items()):
            for path in files:
                try:
                    digests[path] = sha256_of(path)
                except OSError as error:
                    raise _unreadable(path, error) from error
                total.update(f"{role}/{path.name}:{digests[path]}\n".encode())
        item = replace(item, input_sha256=total.hexdigest())
        self.ledger.identify(item, digests, item.input_sha256)
        return item

    def _service_away(self, item: Item, error: ReconError) -> None:
        try:
            self.executor.ready(0.5)
        except ReconError:
            self._put_back(item, error.problem, counted=False)
            self._wait_for_service()
            return
        if item.attempts >= self.settings.attempts and not self.stopped:
            self._end(item, State.FAILED, f"{error.problem} ({item.attempts} attempts)", retryable=True)
        else:
            self._put_back(item, error.problem, delay_s=self.settings.backoff_s * 2 ** (item.attempts - 1))

    def _wait_for_service(self) -> None:
        """One thread asks, the others wait for it."""
        with self._outage:
            away_since = time.monotonic()
            while not self.stopped:
                try:
                    self.executor.ready(2.0)
                except ReconError as error:
                    if time.monotonic() - away_since > self.settings.patience_s:
                        self.stop(f"the service has been away for {self.settings.patience_s:.0f} s: {error.problem}")
                    time.sleep(min(0.2, self.settings.backoff_s))
                else:
                    self._progress = time.monotonic()
                    return

    def _waited_too_long(self) -> bool:
        return time.monotonic() - self._progress > self.settings.patience_s

    def _put_back(
        self, item: Item, reason: str, *, counted: bool = True, suspect: bool = False, delay_s: float = 0.0
    ) -> None:
        spread = delay_s * random.uniform(0.8, 1.2)
        self.ledger.put_back(item, reason, counted=counted, suspect=suspect, delay_s=spread)
        self._tell(item, State.PENDING, reason)

    def _end(self, item: Item, state: State, reason: str, *, retryable: bool = False) -> None:
        if self.stopped and state is State.FAILED:  # perhaps only because its connection was closed
            self._put_back(item, reason, counted=False)
            return
        self.ledger.give_up(item, state, reason, retryable=retryable)
        self._tell(item, state, reason)

    def _tell(self, item: Item, state: State, reason: str) -> None:
        with suppress(Exception):  # a screen or a log that can't be written changes nothing about the item
            self._listener(item, state, reason)


def _unreadable(path: Path, error: OSError) -> ReconError:
    from recon.errors import UnreadableInput

    return UnreadableInput(f"{path}: can't be read ({error.strerror or error})")
