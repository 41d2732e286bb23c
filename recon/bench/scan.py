"""One long series through the service, as a scanner or an archive sends it: its rate, and what memory it takes."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from recon import __version__
from recon.bench.processes import Processes
from recon.bench.progress import Told
from recon.client.calls import Calls
from recon.errors import InternalError
from recon.machine import describe
from recon.tasks.registry import task_of
from recon.tasks.sample import Extent
from recon.tasks.series import Series

#: Between looks at the memory, s.
_EVERY_S = 0.25
#: That a process may hold more in the second half of a series that is worked off slice by slice.
_SLACK_MIB = 64.0


class MemoryWatch:
    """Memory of every process while something runs, on a thread."""

    def __init__(self, processes: Processes) -> None:
        self._processes, self._ended = processes, threading.Event()
        self.seconds: list[float] = []
        self.mib: dict[str, list[float]] = {}
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self.seconds.append(round(time.monotonic() - self._began, 2))
            for name, usage in self._processes.usage().items():
                # one that has just started held nothing before
                held = self.mib.setdefault(name, [0.0] * (len(self.seconds) - 1))
                held.append(round(usage.resident_mib, 1))
            self._ended.wait(_EVERY_S)


def measure_scan(
    client: Calls,
    processes: Processes,
    task: str,
    slices: int,
    extent: Extent | None = None,
    model: str = "",
    told: Told = lambda _: None,
) -> dict[str, Any]:
    """Send one series and take its images as they come.

    Parameters
    ----------
    client
        Of the service.
    processes
        Whose memory and processor time are looked at.
    task, model
        What makes the images.
    slices, extent
        Of the series.
    told
        Hears how far it is.

    Returns
    -------
    dict
        ``slices_per_s``, seconds to the first and the last image, processor time a slice and memory of each process:
        its peak in the first and in the second half of the time. Slice by slice these must not differ by more than
        64 MiB, or the run is not valid.

    Raises
    ------
    InternalError
        When images are missing.
    """
    told("making the scan")
    list(client.send(task, _scan(task, 1, _warm_slices(task), extent, model)[0]))  # compiles the shape
    series, words = _scan(task, 0, slices, extent, model)
    before, first, count = processes.usage(), None, 0
    with MemoryWatch(processes) as watch:
        began = time.monotonic()
        run = client.send(task, series)
        for _ in run:
            first = first or time.monotonic() - began
            count += 1
            told(f"slice {count} of {slices}")
        seconds = time.monotonic() - began
    if count != slices or run.model is None or run.report is None:
        raise InternalError(f"{count} of {slices} images came back")
    after = processes.usage()
    memory = {name: _memory(watch.seconds, held) for name, held in watch.mib.items()}
    grown = [
        f"{name} held {found['second_half']:.0f} MiB in the second half, {found['first_half']:.0f} in the first"
        for name, found in memory.items()
        if task_of(task).slice_by_slice and found["second_half"] - found["first_half"] > _SLACK_MIB
    ]
    return {
        "format": 1,
        "kind": "scan",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "task": task,
        "model": run.model.name,
        "image": words,
        "slices": slices,
        "seconds": round(seconds, 2),
        "first_image_s": round(first or seconds, 2),
        "slices_per_s": round(slices / seconds, 3),
        "cpu_ms_per_slice": {
            name: round(1e3 * (usage.cpu_s - before[name].cpu_s) / slices, 2)
            for name, usage in after.items()
            if name in before
        },
        "breakdown_ms": {name: round(value / slices, 2) for name, value in run.report.timings_ms.items()},
        "memory_mib": memory,
        "verdict": run.report.verdict.name,
        "valid": not grown,
        "problems": grown,
    }


def _scan(task: str, item: int, slices: int, extent: Extent | None, model: str) -> tuple[Series, str]:
    """What is sent, and what it is in words."""
    found = task_of(task)
    sample = found.sample(item, slices, *([extent] if extent else []))
    return found.series(*sample.inputs, name="", model=model, model_version="", **sample.options), sample.words


def _warm_slices(task: str) -> int:
    """So few that it warms up quickly, and as many as the task takes."""
    return 1 if task_of(task).slice_by_slice else 8


def _memory(seconds: list[float], held: list[float]) -> dict[str, Any]:
    """Peaks of both halves of the time; the first is its second quarter, when everything runs."""
    part = len(held) // 4
    return {
        "first_half": max(held[part : 2 * part] or held),
        "second_half": max(held[2 * part :] or held),
        "peak": max(held),
        "seconds": seconds[:: max(1, len(held) // 200)],
        "mib": held[:: max(1, len(held) // 200)],
    }
