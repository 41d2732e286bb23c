"""Room on the disk: below the watermark nothing more is taken in."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from recon.doors.node.config import NodeLimits

_LOOK_EVERY_S = 0.5


class Watermark:
    """Whether there is room for more.

    Parameters
    ----------
    folder
        On the disk in question; exists.
    limits
        Share and amount that have to stay free.
    """

    def __init__(self, folder: Path, limits: NodeLimits) -> None:
        self._folder, self._limits = folder, limits
        self._looked, self._room = -_LOOK_EVERY_S, True

    @property
    def room(self) -> bool:
        """Whether an object may be taken in; looked up twice a second at most."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY_S:
            usage = shutil.disk_usage(self._folder)
            least = max(self._limits.free_share * usage.total, self._limits.free_gb * 1e9)
            self._looked, self._room = now, usage.free >= least
        return self._room
