"""What users would pick instead, a file here for each task: the quality it gives beside the time it takes."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from recon import __version__
from recon.bench.processes import Processes
from recon.client import Client
from recon.machine import describe
from recon.tasks.registry import tasks

#: Compares one task with its peers: a client of the service, its processes, and what hears of the progress.
Compare = Callable[[Client, Processes, Callable[[str], object]], dict[str, Any]]


def compared() -> Mapping[str, Compare]:
    """The tasks that have peers, each with its ``compare``."""
    files = {name for _, name, _ in pkgutil.iter_modules(__path__)}
    return {name: import_module(f"{__name__}.{name}").compare for name in tasks() if name in files}


def record(tasks: dict[str, Any]) -> dict[str, Any]:
    """The record of a comparison with peers."""
    return {
        "format": 1,
        "kind": "peers",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": __version__,
        "machine": describe(),
        "tasks": tasks,
    }
