"""The processes that models in Python run in: Triton makes them, and does not replace one that has ended."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_PROGRAM = "triton_python_backend_stub"


def stubs_of(server: int) -> Counter[str]:
    """Names of the models that run in processes of a Triton's, each as often as it has some.

    Parameters
    ----------
    server
        Process id of the Triton.
    """
    return Counter(name for name, _ in _stubs(server))


def memory_of(server: int) -> Counter[str]:
    """Bytes that the processes of each model hold, of what they share with others their part; for a thread."""
    found: Counter[str] = Counter()
    for name, entry in _stubs(server):
        with contextlib.suppress(OSError):  # it ended meanwhile
            words = (entry / "smaps_rollup").read_text().splitlines()
            found[name] += sum(int(line.split()[1]) * 1024 for line in words if line.startswith("Pss:"))
    return found


def _stubs(server: int) -> Iterator[tuple[str, Path]]:
    """Model and folder in ``/proc`` of each process."""
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            # after the name, which may hold anything but ends the last bracket: state and parent
            state, parent = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[:2]
            if int(parent) != server or state in "ZX":
                continue
            words = Path(entry.path, "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            continue
        if len(words) > 1 and os.fsdecode(words[0]).endswith(_PROGRAM):
            yield Path(os.fsdecode(words[1])).parents[1].name, Path(entry.path)  # MODEL/VERSION/model.py
