"""One method beside others: its quality, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.bench.peers.apart import OwnProcess
from recon.bench.processes import Processes, own

#: Times that a slice is asked for, of a service or a method, once it is warm.
REPEATS = 5


@dataclass(frozen=True)
class MethodResult:
    """One method's result.

    Attributes
    ----------
    method
        Its name.
    quality
        Of its image, dB.
    seconds, cpu_s
        That a slice takes from the caller's side, and of all processors, the caller's own included.
    memory_mib
        Peak of a process that does nothing else; of a service, what its processes hold.
    parameter
        That it took; None where it has none, or its default.
    gives
        What comes back.
    ours
        Whether it is this service.
    """

    method: str
    quality: float
    seconds: float
    cpu_s: float | None = None
    memory_mib: float | None = None
    parameter: float | None = None
    gives: str = "image"
    ours: bool = False


@dataclass(frozen=True)
class Absent:
    """A method that could not be run here, and why."""

    method: str
    reason: str


def best_of(
    name: str,
    given: Any,
    quality: Callable[[FloatArray], float],
    method: Callable[[Any, float], FloatArray],
    parameters: Sequence[float],
    small: Any,
) -> MethodResult:
    """The method at the parameter that the truth favours, in a process of its own: median of what its calls take.

    Parameters
    ----------
    name
        For the table.
    given
        What it makes an image of.
    quality
        Of that image, dB.
    method
        A function of a module, for it is sent to that process.
    parameters
        To try; one that is NaN stands for the method's default, and is not written down.
    small
        Something to make an image of first: a first call loads and compiles.
    """
    with OwnProcess() as call:
        call(method, small, float(parameters[0]))
        found = [quality(call(method, given, float(parameter))[0]) for parameter in parameters]
        best = int(np.argmax(found))
        parameter = float(parameters[best])
        calls = [call(method, given, parameter)[1] for _ in range(REPEATS)]
    return MethodResult(
        name,
        found[best],
        float(np.median([spent.seconds for spent in calls])),
        float(np.mean([spent.cpu_s for spent in calls])),
        max(spent.peak_mib for spent in calls),
        None if np.isnan(parameter) else parameter,
    )


def ours(series: Callable[[], Any], quality: Callable[[FloatArray], float], processes: Processes) -> MethodResult:
    """The service from the caller's side, once it is warm."""
    list(series())
    times, before = [], cpu_s(processes)
    for _ in range(REPEATS):
        began = time.perf_counter()
        stream = series()
        image = next(iter(stream)).image
        times.append(time.perf_counter() - began)
        for _ in stream:
            pass
    spent = (cpu_s(processes) - before) / REPEATS
    name = stream.model.name if stream.model else "default model"
    return MethodResult(
        f"recon ({name})",
        quality(image),
        float(np.median(times)),
        spent,
        memory_mib(processes),
        gives="image, interval, checks, verdict",
        ours=True,
    )


def cpu_s(processes: Processes) -> float:
    """That all of them have spent."""
    return sum(usage.cpu_s for usage in processes.usage().values())


def memory_mib(processes: Processes) -> float | None:
    """That a service holds, the caller left out; None where its processes can't be seen."""
    held = [usage.resident_mib for role, usage in processes.usage().items() if role != CALLER]
    return sum(held) if held else None


#: Role of the process that asks.
CALLER = "caller"


def beside(pid: int | None, role: str) -> Processes:
    """The caller's process and a service's."""
    return Processes({own(): CALLER, **({pid: role} if pid else {})}, alone=frozenset({own()}))
