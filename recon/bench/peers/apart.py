"""A function in a process of its own, so that the processor time and the memory that it takes are its own."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Spent:
    """What a call took.

    Attributes
    ----------
    seconds, cpu_s
        On the clock, and of all processors, programs that it started included.
    peak_mib
        The most that the process ever held, or the largest program that it started, whichever is more.
    """

    seconds: float
    cpu_s: float
    peak_mib: float


class OwnProcess:
    """Calls functions in one new process, which ends with the ``with`` block."""

    def __enter__(self) -> OwnProcess:
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, function: Callable[..., Any], *given: Any) -> tuple[Any, Spent]:
        """What a function of a module returns, and what it took."""
        made, spent = self._pool.submit(_measured, function, given).result()
        return made, spent


def _measured(function: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Any, Spent]:
    before, began = _cpu_s(), time.perf_counter()
    made = function(*given)
    seconds, spent = time.perf_counter() - began, _cpu_s() - before
    programs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return made, Spent(seconds, spent, max(programs, _peak_kib()) / 1024)


def _peak_kib() -> int:
    """The most that this process held. ``getrusage`` won't do: it begins with what the process that made it held."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _cpu_s() -> float:
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)
