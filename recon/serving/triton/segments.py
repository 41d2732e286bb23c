"""Segments that a Triton has mapped: made for a call, kept for the next, given up when they are of no use."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from functools import partial
from pathlib import Path

import grpc
import structlog

from recon.errors import ServiceUnavailable
from recon.serving.triton.failures import translated
from recon.serving.triton.server import TritonServer
from recon.serving.triton.slots import Slot, create_slot

log = structlog.get_logger()

#: A segment is not kept for a request that needs a smaller part of it than this, unless it is small anyway.
_MOST_WASTE, _SMALL = 8, 8 * 1024 * 1024
#: As many as calls at a time are kept in any case, more of them up to so many bytes.
_KEPT_BYTES = 32 * 1024 * 1024


class Segments:
    """The segments of one Triton.

    Parameters
    ----------
    server
        That maps them.
    enabled
        Whether it is on this host.
    kept
        Idle ones that are kept whatever they hold.
    """

    def __init__(self, server: TritonServer, enabled: bool, kept: int) -> None:
        self.idle: list[Slot] = []
        self.enabled = enabled
        self.generation = 0
        self._server, self._kept = server, kept
        self._leaving: list[Slot] = []
        self._numbers = itertools.count()
        self._prefix = f"recon_{os.getpid()}_{secrets.token_hex(4)}"

    def halt_file(self) -> Path | None:
        """A name, new each time, of a file where the models look; None where they do not see our files."""
        folder = self._server.address.shared_memory
        return None if folder is None else folder / f"{self._prefix}_halt{next(self._numbers)}"

    def forget(self) -> None:
        """The Triton that knew them is gone."""
        self.generation += 1
        self.idle.clear()
        self._leaving.clear()

    def unknown(self, slot: Slot) -> None:
        """Triton does not know this one, and so none of its time."""
        if slot.generation == self.generation:
            self.forget()

    def doubt(self) -> None:
        """Triton was away, and may be another now: none is used again, and the same is to unmap them."""
        self._leaving += self.idle
        self.idle.clear()

    def close(self) -> None:
        """They vanish with their mappings."""
        for slot in self.idle:
            slot.unlink()
        self.idle.clear()

    def waiting(self, size: int) -> Slot | None:
        """An idle one of at least so many bytes, but not far more."""
        fitting = [slot for slot in self.idle if size <= slot.size <= max(_SMALL, _MOST_WASTE * size)]
        if not fitting:
            return None
        slot = min(fitting, key=lambda slot: slot.size)
        self.idle.remove(slot)
        return slot

    async def make(self, size: int) -> Slot | None:
        """A new one, or None where bodies must be used.

        Raises
        ------
        ServiceUnavailable
            When Triton is gone.
        """
        folder = self._server.address.shared_memory
        if not self.enabled or folder is None:
            return None
        self._leaving += self.idle  # too small, or of a request that was much larger: replace rather than collect
        self.idle.clear()
        await self._unmap()
        try:
            make = partial(create_slot, folder, self._prefix, size, self.generation)
            slot = make() if size <= _SMALL else await asyncio.to_thread(make)  # its pages are made zero
        except OSError as error:
            log.warning("shared_memory_full", error=str(error))
            return None
        try:
            await self._server.register(slot.region, f"/{slot.path.name}", slot.size)
        except grpc.RpcError as error:
            known = translated(error)
            if isinstance(known, ServiceUnavailable):
                self._leave(slot)  # it may have mapped it all the same
                raise known from error
            log.info("shared_memory_unused", why="Triton does not see this host's shared memory")
            self.enabled = False
            return None
        finally:
            slot.unlink()
        return slot

    def keep(self, slot: Slot) -> bool:
        """Let the next call have it; False where there are enough: it is to be discarded."""
        if slot.generation != self.generation:
            return True
        if len(self.idle) >= self._kept and sum(other.size for other in self.idle) + slot.size > _KEPT_BYTES:
            return False
        self.idle.append(slot)
        return True

    async def discard(self, slot: Slot) -> None:
        """Let Triton unmap it; while Triton still holds the call that used it, the next discard asks again."""
        if slot.generation != self.generation:
            return
        self._leave(slot)
        await self._unmap()

    def _leave(self, slot: Slot) -> None:
        if slot.generation == self.generation:
            self._leaving.append(slot)

    async def _unmap(self) -> None:
        """Ask for all that are to go."""
        leaving, self._leaving = self._leaving, []
        await asyncio.gather(*(self._unregister(slot) for slot in leaving))

    async def _unregister(self, slot: Slot) -> None:
        try:
            await self._server.unregister(slot.region)
        except grpc.RpcError as error:
            log.info("unregister_again", region=slot.region, why=error.details())
            self._leave(slot)
