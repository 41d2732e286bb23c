"""One inference at Triton, from the permit to send it until nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc

from recon.engine.inference import Request, Tensors, empty
from recon.errors import ServiceUnavailable
from recon.serving.triton import request as messages
from recon.serving.triton.failures import RESTARTED, forgets_memory, translated
from recon.serving.triton.segments import Segments
from recon.serving.triton.server import LONGEST_CALL_S, TritonServer
from recon.serving.triton.slots import Ready, Slot, layout

#: Why a request failed that is to be tried again.
REPLACED = "the model's process ended and is being replaced; try again"


class Call:
    """Sent, awaited and released; released early, it keeps what it holds until Triton is done with it.

    Where Triton reads our memory a call is not cancelled, since it would go on writing there: the model finds a
    file that says so, and ends the call.

    Parameters
    ----------
    server, segments
        Where it runs, and the memory for its tensors.
    permits
        One of which it holds until Triton has ended it.
    request
        What to run.
    under_way
        Of which it is part until it has ended.
    replaced
        Tells whether the failure of a model is that of a process that is replaced.
    """

    def __init__(
        self,
        server: TritonServer,
        segments: Segments,
        permits: asyncio.Semaphore,
        request: Request,
        under_way: set[object],
        replaced: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._server, self._segments, self._permits = server, segments, permits
        self._request, self._under_way, self._replaced = request, under_way, replaced
        self._halt: Path | None = None
        self._slot: Slot | None = None
        self._outputs: Tensors = {}
        self._step: asyncio.Future[Any] | None = None  # before it is sent: what must end first
        self._answer: Any = None
        self._settling: asyncio.Future[None] | None = None
        self._landed: asyncio.Future[None] | None = None
        self._given_up = self._over = self._failed = self._released = self._permitted = False
        under_way.add(self)

    async def send(self, fill: Callable[[Tensors], object]) -> None:
        """Write the inputs and send them."""
        request = self._request
        offsets, size = layout(request.inputs, request.outputs)
        self._slot = self._segments.waiting(size)
        if self._slot is None and self._segments.enabled:
            await self._finished(self._make(size))
        slot = self._slot
        if slot is None:
            tensors: Tensors = empty(request.inputs)
        else:
            ready = _ready(slot, request, offsets)
            tensors, self._outputs = ready.inputs, ready.outputs
        halt = None if slot is None else self._segments.halt_file()
        alone = request.last and len(self._under_way) == 1
        elsewhere = self._server.address.shared_memory is None

        def prepare() -> bytes:
            for output in self._outputs.values():  # what an earlier request left there is nobody's answer
                output[...] = 0
            fill(tensors)
            body = messages.in_body(request, tensors) if slot is None else ready.message
            return body + messages.ending(request.deadline, LONGEST_CALL_S, halt, elsewhere=elsewhere, alone=alone)

        raw = prepare() if request.quick else await self._finished(asyncio.to_thread(prepare))
        self._landed = asyncio.get_running_loop().create_future()
        self._halt = halt
        self._answer = self._server.infer(raw)
        self._answer.add_done_callback(self._land)

    async def outputs(self) -> Tensors:
        """Wait for the answer; see :class:`recon.engine.inference.Running`."""
        assert self._landed is not None
        await asyncio.shield(self._landed)
        try:
            found = messages.answered(await self._answer, self._request, in_bodies=self._slot is None)
        except grpc.RpcError as error:
            self._failed = True
            known = translated(error)
            if self._slot is not None and forgets_memory(error):
                self._segments.unknown(self._slot)
                known = ServiceUnavailable(RESTARTED)
            elif await self._replaced(self._request.model.host):
                known = ServiceUnavailable(REPLACED)
            raise known from error
        finally:
            self._over = True
        return found if self._slot is None else self._outputs

    def release(self) -> None:
        """Give back what it holds, as soon as nobody writes there."""
        if self._released:
            return
        self._released = True
        if self._step is not None and not self._step.done():
            self._step.add_done_callback(lambda _: self._free())
        elif self._answer is None or self._over:
            self._free()
        else:
            self._give_up()
            self._settling = asyncio.ensure_future(self._settle())

    def _give_up(self) -> None:
        """Tell the model that nobody waits any more."""
        if self._halt is None:  # the tensors went with the request
            self._answer.cancel()
            return
        self._given_up = True
        with contextlib.suppress(OSError):  # Triton is gone, and its memory with it
            self._halt.touch(mode=0o600)

    def _land(self, _: object) -> None:
        """Triton has ended the call."""
        assert self._landed is not None
        if not self._landed.done():
            self._landed.set_result(None)
        self._permit()

    async def _make(self, size: int) -> None:
        self._slot = await self._segments.make(size)

    async def _finished(self, step: Any) -> Any:
        """Wait for something that goes on when the caller is cancelled."""
        self._step = asyncio.ensure_future(step)
        return await asyncio.shield(self._step)

    async def _settle(self) -> None:
        """Nobody waits for the answer; the memory is free when it is here."""
        assert self._landed is not None
        await self._landed
        try:
            await self._answer
        except (grpc.RpcError, asyncio.CancelledError):
            self._failed = True
        self._free()

    def _free(self) -> None:
        if self._step is not None and not self._step.cancelled():
            self._step.exception()  # where the caller is gone, nobody else looks at it
        self._permit()
        self._under_way.discard(self)
        if self._halt is not None and self._given_up:
            self._halt.unlink(missing_ok=True)
        slot, self._slot = self._slot, None
        if slot is None:
            return
        # after a failure Triton may not be done with the memory
        if self._failed or not self._segments.keep(slot):
            self._spawn(self._segments.discard(slot))

    def _permit(self) -> None:
        if not self._permitted:
            self._permitted = True
            self._permits.release()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _ready(slot: Slot, request: Request, offsets: dict[str, int]) -> Ready:
    """Message and arrays of a request in a segment; those of the last one where it was alike."""
    model = request.model
    key = (
        model.host,
        model.version,
        model.method,
        tuple(request.parameters.items()),
        tuple(request.inputs.items()),
        tuple(request.outputs.items()),
    )
    if slot.ready is None or slot.ready.key != key:
        slot.ready = Ready(
            key,
            messages.in_memory(request, slot, offsets),
            {name: slot.view(offsets[name], spec) for name, spec in request.inputs.items()},
            {name: slot.view(offsets[name], spec) for name, spec in request.outputs.items()},
        )
    return slot.ready
