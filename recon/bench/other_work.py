"""How much of the processor other programs take: what is measured beside them is not kept."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path

#: Of a line of ``/proc/stat``: all but idle, waiting, and guests, who are counted as user already.
_BUSY = (0, 1, 2, 5, 6, 7)


class OtherWork:
    """Watches the cores that this process may use, from now on."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy_s(), time.process_time()

    @property
    def share(self) -> float:
        """Of those cores, 0 to 1, that others have kept busy since."""
        others = (_busy_s() - self._busy) - (time.process_time() - self._own)
        cores = len(os.sched_getaffinity(0))
        return max(0.0, others) / max(1e-6, (time.monotonic() - self._began) * cores)


def busy_ticks(stat: str, cores: Collection[int]) -> int:
    """Clock ticks that these cores were busy, of the text of ``/proc/stat``."""
    names = {f"cpu{core}" for core in cores}
    lines = (line.split() for line in stat.splitlines())
    return sum(int(words[1 + place]) for words in lines if words and words[0] in names for place in _BUSY)


def _busy_s() -> float:
    return busy_ticks(Path("/proc/stat").read_text(), os.sched_getaffinity(0)) / os.sysconf("SC_CLK_TCK")
