"""The processes that models in Python run in: Triton makes them, and does not replace one that has ended."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

_PROGRAM = "triton_python_backend_stub"


def stubs_of(server: int) -> Counter[str]:
    """Names of the models that run in processes of a Triton's, each as often as it has some.

    Parameters
    ----------
    server
        Process id of the Triton.
    """
    found: Counter[str] = Counter()
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
            found[Path(os.fsdecode(words[1])).parents[1].name] += 1  # MODEL/VERSION/model.py
    return found
