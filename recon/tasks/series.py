"""What a client sends for one series, whatever the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from recon.errors import ReconError
from recon.values.result import ModelIdentity


class Series(ABC):
    """The messages of a series, from its first slice or from a later one.

    Attributes
    ----------
    slices
        How many images will come.
    resumable
        Whether a stream can begin in the middle of the series.
    """

    slices: int
    resumable = True

    @abstractmethod
    def messages(self, offset: int = 0, model: ModelIdentity | None = None) -> Iterator[Any]:
        """Header and data of the slices from ``offset`` on, for that model where it is known."""

    def failure(self) -> ReconError | None:
        """Why the sending ended early, where that was not the service's doing."""
        return None
