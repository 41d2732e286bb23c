"""The node's log: one JSON object a line on stderr; titles, addresses, numbers and pseudonyms, no patient data."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

from recon.errors import plain

#: What a line may hold; anything else is a defect, since patient data must have no way in.
FIELDS = {
    "address",
    "attempts",
    "called",
    "calling",
    "count",
    "destination",
    "instances",
    "job",
    "part",
    "pid",
    "reason",
    "rule",
    "series",
    "state",
    "task",
    "title",
    "verdict",
    "why",
    "seconds",
    "listen",
}
_MUTEX = threading.Lock()


def log(event: str, **values: Any) -> None:
    """Write one line.

    Parameters
    ----------
    event
        Stable name of what happened.
    values
        Of :data:`FIELDS`; ``series`` are pseudonyms, ``why`` and ``reason`` words of ours.
    """
    unknown = set(values) - FIELDS
    if unknown:
        raise ValueError(f"no field of the log: {', '.join(sorted(unknown))}")
    values = {name: plain(value) if isinstance(value, str) else value for name, value in values.items()}
    line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values})
    with _MUTEX:
        print(line, file=sys.stderr, flush=True)


def quiet_libraries() -> None:
    """Libraries say nothing: what they log may hold data sets."""
    for name in ("pynetdicom", "pydicom", "dicomweb_client", "highdicom", "uvicorn", "PIL", "urllib3"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
