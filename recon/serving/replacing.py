"""Models whose processes have ended are loaded again; one that does not load holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from recon.errors import ReconError
from recon.serving.triton.client import TritonClient

log = structlog.get_logger()

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


class Replacing:
    """Loads models of one Triton again, those that fail after pauses that grow.

    Parameters
    ----------
    triton
        That they run on.
    """

    def __init__(self, triton: TritonClient) -> None:
        self._triton = triton
        self._pauses: dict[str, tuple[float, float]] = {}  # how long, and until when

    async def replace(self, lost: Iterable[str]) -> None:
        """Try each whose pause is over."""
        loop = asyncio.get_running_loop()
        for name in lost:
            pause, until = self._pauses.get(name, (_FIRST_PAUSE_S, 0.0))
            if loop.time() < until:
                continue
            try:
                await self._triton.replace(name)
            except ReconError as error:
                log.error("model_not_replaced", model=name, why=error.problem, next_try_in_s=pause)
                self._pauses[name] = min(2 * pause, _LONGEST_PAUSE_S), loop.time() + pause
            else:
                self._pauses.pop(name, None)

    def forget(self) -> None:
        """Triton was started anew, and its models with it."""
        self._pauses.clear()
