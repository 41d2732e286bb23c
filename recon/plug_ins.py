"""What a site adds by entry point; one that can't be loaded is said and left out, and stops nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from recon.errors import one_line

_log = logging.getLogger(__name__)


def loaded(group: str) -> Iterator[tuple[EntryPoint, Any]]:
    """The entry points of a group by name, and what each of them is.

    Parameters
    ----------
    group
        Such as ``recon.tasks``.
    """
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            found = point.load()
        except Exception as error:  # it is a stranger's code
            _log.warning("%s %s (%s) is left out: %s", group, point.name, point.value, one_line(error))
            continue
        yield point, found
