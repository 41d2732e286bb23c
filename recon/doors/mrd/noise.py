"""Noise scans of earlier sessions, by the identity under which later scans depend on them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from recon.doors.mrd.noise_folder import NoiseFolder
from recon.doors.mrd.wire import Block


class NoiseScans:
    """The last noise scans, in memory, and in a folder where there is one.

    Parameters
    ----------
    folder
        From which they are still there after a restart; None for memory alone.
    most, most_bytes
        How many are kept in memory, and how large they may be together; the oldest go first.
    """

    def __init__(self, folder: NoiseFolder | None = None, most: int = 64, most_bytes: int = 2**30) -> None:
        self._folder, self._most, self._most_bytes = folder, most, most_bytes
        self._kept: OrderedDict[str, list[Block]] = OrderedDict()
        self._coming: dict[str, int] = {}
        self._changed = threading.Condition()

    def begin(self, identity: str) -> None:
        """A scan of that identity has begun, and may bring noise."""
        with self._changed:
            self._coming[identity] = self._coming.get(identity, 0) + 1

    def end(self, identity: str, noise: list[Block]) -> None:
        """The scan is over; ``noise`` is what it brought."""
        if noise and identity and self._folder is not None:
            self._folder.keep(identity, noise)
        with self._changed:
            self._coming[identity] -= 1
            if not self._coming[identity]:
                del self._coming[identity]
            if noise:
                self._kept[identity] = noise
                self._kept.move_to_end(identity)
            while len(self._kept) > self._most or self._bytes > self._most_bytes:
                self._kept.popitem(last=False)
            self._changed.notify_all()

    def find(self, identity: str, wait_s: float) -> list[Block] | None:
        """The noise of a scan; waits while that scan is still going on.

        Returns
        -------
        list of Block or None
            None when there is none.
        """
        with self._changed:
            self._changed.wait_for(lambda: identity in self._kept or identity not in self._coming, wait_s)
            known = self._kept.get(identity)
        return known if known is not None or self._folder is None else self._folder.find(identity)

    @property
    def _bytes(self) -> int:
        return sum(block.nbytes for blocks in self._kept.values() for block in blocks)


def identity_of(document: Any) -> str:
    """The identity of a scan, from its header; empty where it has none."""
    return str(getattr(getattr(document, "measurementInformation", None), "measurementID", None) or "")


def dependency_of(document: Any) -> str:
    """The identity of the noise scan that a header names; empty where it names none."""
    information = getattr(document, "measurementInformation", None)
    for dependency in getattr(information, "measurementDependency", None) or []:
        if "noise" in str(getattr(dependency, "dependencyType", "")).lower():
            return str(getattr(dependency, "measurementID", "") or "")
    return ""
