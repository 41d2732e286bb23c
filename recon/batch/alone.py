"""An item in a process of its own: one that was under way when a run was killed may have killed it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from recon.errors import InternalError, ReconError, ServiceUnavailable, error_from_reason, reason_of

#: Signals that a process sends itself by what it does.
_OWN_DOING = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


class DiedAlone(InternalError):
    """The process that worked on an item and on nothing else ended by a fault of its own."""


def in_own_process(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``work`` returns, from a process that may die without taking this one along.

    Parameters
    ----------
    work
        Can be pickled.

    Raises
    ------
    DiedAlone
        When it died by a fault: the item is the cause.
    ServiceUnavailable
        When it was killed from outside, as by a system that is out of memory.
    ReconError
        Whatever the work raises.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        process.join()
        by = -(process.exitcode or 0)
        name = signal.Signals(by).name if by > 0 else f"exit status {process.exitcode}"
        if by in _OWN_DOING or by <= 0:
            raise DiedAlone(f"it ends the process that reads it ({name}), also when it runs alone") from None
        raise ServiceUnavailable(f"the process was killed ({name}); out of memory?") from None
    finally:
        ours.close()
    process.join()
    reason, content = answer
    if reason:
        raise error_from_reason(reason)(content)
    return dict(content)


def _work(work: Callable[[], dict[str, Any]], answers: Any, parent: int) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nobody waits for the answer then
    if os.getppid() != parent:
        return
    try:
        answers.send(("", work()))
    except ReconError as error:
        answers.send((reason_of(error), error.problem))
