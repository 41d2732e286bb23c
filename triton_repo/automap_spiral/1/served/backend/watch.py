"""Whether a request is still wanted: iterations ask, and a model that does not ask is ended after a while."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from served.physics.halting import Halted

#: Between two looks of an iteration; a look is a message to Triton.
LOOK_S = 0.05
#: That a model which does not look may go on when nobody waits any more. Then its process ends, and Triton
#: starts another in its place.
GRACE_S = 10.0
#: What a process of its own says by its exit status.
OVERRAN = 75
#: Where callers on this machine leave a file when they no longer wait; Triton's, which may be a folder of its own.
SHARED = Path("/dev/shm")  # noqa: S108


def end_process() -> None:
    """End this process at once, whatever its threads do."""
    os._exit(OVERRAN)


class Watch:
    """Looks after one request at a time, from the model's thread and from one of its own.

    Parameters
    ----------
    grace_s
        That a model may go on.
    end
        What then ends it.
    """

    def __init__(self, grace_s: float = GRACE_S, end: Callable[[], None] = end_process) -> None:
        self._grace, self._end = grace_s, end
        self._mutex = threading.Lock()  # a request that is being asked is not given back
        self._unwanted: Callable[[], bool] | None = None
        self._looked = 0.0
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def begin(self, unwanted: Callable[[], bool]) -> None:
        """A request comes; ``unwanted`` tells when nobody waits for it."""
        with self._mutex:
            self._unwanted, self._looked = unwanted, 0.0

    def done(self) -> None:
        """It has its answer."""
        with self._mutex:
            self._unwanted = None

    def __call__(self) -> None:
        """Between two steps of an iteration.

        Raises
        ------
        Halted
            When nobody waits for the result.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        if self._asked():
            raise Halted

    def _asked(self) -> bool:
        with self._mutex:
            return self._unwanted is not None and self._unwanted()

    def _run(self) -> None:
        since = None
        while True:
            time.sleep(min(1.0, 0.2 * self._grace))
            if not self._asked():
                since = None
            elif since is None:
                since = time.monotonic()
            elif time.monotonic() - since > self._grace:
                self._end()
                since = None


def unwanted(parameters: Mapping[str, str], is_cancelled: Callable[[], bool]) -> Callable[[], bool]:
    """Of a request that comes now with these parameters: past its deadline, given up by its caller, or cancelled."""
    deadline = float(parameters.get("deadline_unix_s", "inf"))
    until = time.monotonic() + float(parameters.get("left_s", "inf"))  # of a caller whose clock is another
    name = Path(parameters.get("halt_file", "")).name
    given_up = SHARED / name if name else None

    def asked() -> bool:
        late = time.time() > deadline or time.monotonic() > until
        return late or (given_up is not None and given_up.exists()) or is_cancelled()

    return asked
