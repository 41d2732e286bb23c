"""Inference on a Triton: shared memory where it sees ours, request bodies otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import structlog
from tritonclient.grpc import InferInput, InferRequestedOutput, InferResult
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from recon.engine.inference import Request, Tensors, empty, real
from recon.engine.models import ServedModel, models_of
from recon.errors import DeadlineExceeded, InternalError, ReconError, ServiceUnavailable, UnknownModel
from recon.serving.triton.process import TritonAddress
from recon.serving.triton.slots import Slot, create_slot, layout
from recon.wire.endpoint import NO_PROXY

log = structlog.get_logger()

#: A model that has not answered by then hangs; nothing that is served takes as long.
_LONGEST_CALL_S = 600.0
#: Beyond a call's deadline, for a model's process that has to be ended and replaced.
_REPLACING_S = 30.0
#: A segment is not kept for a request that needs a smaller part of it than this, unless it is small anyway.
_MOST_WASTE, _SMALL = 8, 8 * 1024 * 1024
_REPLACED = "the model's process ended and is being replaced; try again"
_GRPC_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    NO_PROXY,
]


@dataclass
class _State:
    """What a call holds, and how far it has come.

    Where Triton reads our memory a call is not cancelled, since it would go on writing there: the model finds a
    file (``halt``) that says so, and ends the call.
    """

    permits: asyncio.Semaphore
    halt: Path | None = None
    slot: Slot | None = None
    at_triton: bool = False
    abandoned: bool = False


class TritonClient:
    """A bounded number of inferences at a time on one Triton.

    The permit for a call and the memory that its tensors lie in are given back when Triton has ended
    the call, not when the caller has lost interest: Triton would go on writing there.

    Parameters
    ----------
    address
        Where it answers.
    most_in_flight
        Requests for one model that may be at Triton at once; others wait here, where they can be cancelled at once.
    shared_memory
        Whether to use shared memory where Triton is on this host.
    """

    def __init__(self, address: TritonAddress, most_in_flight: int = 2, shared_memory: bool = True) -> None:
        self.address = address
        self.shared_memory = shared_memory and address.shared_memory is not None
        self.generation = 0
        self._client = InferenceServerClient(
            address.url,
            ssl=address.authority is not None,
            root_certificates=None if address.authority is None else str(address.authority),
            channel_args=_GRPC_OPTIONS,
        )
        # of each model: one whose calls take minutes holds up nobody who asks for another
        self._permits: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(most_in_flight))
        self._replacing: set[str] = set()
        #: Told the name of a model that failed: whether a process of it has ended.
        self.has_lost: Callable[[str], bool] = lambda host: False
        self._idle: list[Slot] = []
        self._calls: set[asyncio.Future[Any]] = set()
        self._prefix = f"recon_{os.getpid()}_{secrets.token_hex(4)}"
        self._numbers = itertools.count()

    @property
    def calls(self) -> int:
        """Calls that Triton has not ended."""
        return len(self._calls)

    @property
    def idle_slots(self) -> int:
        """Segments that wait for the next call."""
        return len(self._idle)

    async def close(self) -> None:
        """Close the connection; segments vanish with their mappings."""
        for call in self._calls:
            call.cancel()
        for slot in self._idle:
            slot.unlink()
        self._idle.clear()
        await self._client.close()

    def server_restarted(self) -> None:
        """Forget what was registered with a Triton that is gone."""
        self.generation += 1
        self._idle.clear()

    async def is_ready(self) -> bool:
        """Whether the server and its models answer; False on any failure."""
        try:
            return bool(await self._client.is_server_ready(headers=self.address.headers, client_timeout=2.0))
        except InferenceServerException:
            return False

    async def replace(self, host: str) -> None:
        """Unload a model and load it again, so that it has all of its processes; nobody else is held up.

        Raises
        ------
        ReconError
            When Triton does not do it; then it may be tried again.
        """
        self._replacing.add(host)
        try:
            log.warning("model_replaced", model=host)
            await self._client.unload_model(host, headers=self.address.headers, client_timeout=_REPLACING_S)
            await self._client.load_model(host, headers=self.address.headers, client_timeout=_REPLACING_S)
        except InferenceServerException as error:
            raise _translate(error) from error
        finally:
            self._replacing.discard(host)

    async def models(self) -> list[ServedModel]:
        """All models that Triton has loaded, with the parameters of their configuration."""
        try:
            index = await self._client.get_model_repository_index(headers=self.address.headers, client_timeout=5.0)
            found = []
            for entry in index.models:
                if entry.state != "READY":
                    continue
                answer = await self._client.get_model_config(
                    entry.name, entry.version, headers=self.address.headers, client_timeout=5.0
                )
                values = {key: value.string_value for key, value in answer.config.parameters.items()}
                found += models_of(answer.config.name, values, entry.version)
            return found
        except InferenceServerException as error:
            raise _translate(error) from error

    async def statistics(self) -> dict[str, dict[str, float]]:
        """Per model: inferences, failures, and seconds spent in the queue and computing."""
        try:
            answer = await self._client.get_inference_statistics(headers=self.address.headers, client_timeout=5.0)
        except InferenceServerException as error:
            raise _translate(error) from error
        return {
            stats.name: {
                "inferences": float(stats.inference_count),
                "failures": float(stats.inference_stats.fail.count),
                "queue_seconds": stats.inference_stats.queue.ns * 1e-9,
                "compute_seconds": stats.inference_stats.compute_infer.ns * 1e-9,
            }
            for stats in answer.model_stats
        }

    @asynccontextmanager
    async def infer(
        self, request: Request, fill: Callable[[Tensors], object], meanwhile: Callable[[], object] | None = None
    ) -> AsyncIterator[Tensors]:
        """Run a model; the outputs are valid inside the ``with`` block only.

        Parameters
        ----------
        request
            What to run.
        fill
            Writes the inputs into the arrays that it is given, which may be shared memory; on a thread
            unless it is quick.
        meanwhile
            Called when Triton has begun.

        Raises
        ------
        ServiceUnavailable
            When Triton is gone or does not answer in time.
        DeadlineExceeded
            When the request's deadline passes first.
        InternalError
            When the model fails.
        """
        if request.model.host in self._replacing:
            raise ServiceUnavailable(_REPLACED)
        permits = self._permits[request.model.host]
        await permits.acquire()
        state = _State(permits)
        call = asyncio.ensure_future(self._run(request, fill, meanwhile, state))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        left = None if request.deadline is None else request.deadline - time.monotonic()
        try:
            async with asyncio.timeout(left):
                outputs = await asyncio.shield(call)
        except (TimeoutError, asyncio.CancelledError) as gone:
            state.abandoned = True
            call.add_done_callback(lambda done: self._end(state, done))
            if state.slot is None and state.at_triton:  # the tensors went with the request
                call.cancel()
            elif state.halt is not None:
                with contextlib.suppress(OSError):  # Triton is gone, and its memory with it
                    state.halt.touch(mode=0o600)
            if isinstance(gone, TimeoutError):
                raise DeadlineExceeded("the deadline passed while the model ran") from None
            raise
        except BaseException:
            self._end(state, call)
            raise
        try:
            yield outputs
        finally:
            self._end(state, call)

    async def _run(
        self, request: Request, fill: Callable[[Tensors], object], meanwhile: Callable[[], object] | None, state: _State
    ) -> Tensors:
        offsets, size = layout(request.inputs, request.outputs)
        slot = state.slot = await self._slot(size)
        if slot is None:
            tensors: Tensors = empty(request.inputs)
        else:
            tensors = {name: slot.view(offsets[name], spec) for name, spec in request.inputs.items()}

        def prepare() -> None:
            if slot is not None:
                for name, spec in request.outputs.items():  # what an earlier request left there is nobody's answer
                    slot.view(offsets[name], spec)[...] = 0
            fill(tensors)

        if request.quick and size <= _SMALL:
            prepare()
        else:
            await asyncio.to_thread(prepare)
        if state.abandoned:
            return {}
        if meanwhile is not None:
            meanwhile()
        state.at_triton = True
        if slot is not None:
            state.halt = slot.path.with_name(f"{self._prefix}_halt{next(self._numbers)}")
        result = await self._call(request, tensors, slot, offsets, state.halt)
        state.at_triton = False
        _require_answer(result, request)
        if slot is None:
            return {name: result.as_numpy(name) for name in request.outputs}
        return {name: slot.view(offsets[name], spec) for name, spec in request.outputs.items()}

    def _end(self, state: _State, call: asyncio.Future[Any]) -> None:
        """Give back what a call held, now that Triton has ended it."""
        if not call.cancelled():
            call.exception()  # where the caller is gone, nobody else looks at it
        if state.halt is not None:
            state.halt.unlink(missing_ok=True)
        state.permits.release()
        slot, state.slot = state.slot, None
        if slot is None or slot.generation != self.generation:
            return
        if state.at_triton:  # it failed there, and Triton may not be done with the memory
            cleaning = asyncio.ensure_future(self._unregister(slot))
            self._calls.add(cleaning)
            cleaning.add_done_callback(self._calls.discard)
        else:
            self._idle.append(slot)

    async def _call(
        self, request: Request, tensors: Tensors, slot: Slot | None, offsets: dict[str, int], halt: Path | None
    ) -> InferResult:
        inputs, outputs = [], []
        for name, filled in tensors.items():
            tensor = real(filled)
            given = InferInput(name, list(tensor.shape), np_to_triton_dtype(tensor.dtype.type))
            if slot is None:
                copy = partial(given.set_data_from_numpy, tensor)
                await asyncio.to_thread(copy) if tensor.nbytes > _SMALL else copy()
            else:
                given.set_shared_memory(slot.region, tensor.nbytes, offsets[name])
            inputs.append(given)
        for name, spec in request.outputs.items():
            wanted = InferRequestedOutput(name)
            if slot is not None:
                wanted.set_shared_memory(slot.region, spec.nbytes, offsets[name])
            outputs.append(wanted)
        parameters = dict(request.parameters)
        if request.model.method:
            parameters["method"] = request.model.method
        # the model drops what nobody waits for
        left = _LONGEST_CALL_S if request.deadline is None else request.deadline - time.monotonic()
        parameters["deadline_unix_s"] = f"{time.time() + min(left, _LONGEST_CALL_S):.3f}"
        if halt is not None:
            parameters["halt_file"] = halt.name
        try:
            return await self._client.infer(
                request.model.host,
                inputs,
                model_version=request.model.version,
                outputs=outputs,
                headers=self.address.headers,
                client_timeout=_LONGEST_CALL_S + _REPLACING_S,
                parameters=parameters,
            )
        except InferenceServerException as error:
            host, translated = request.model.host, _translate(error)
            if host in self._replacing or await asyncio.to_thread(self.has_lost, host):
                raise ServiceUnavailable(_REPLACED) from error
            raise translated from error

    async def _slot(self, size: int) -> Slot | None:
        """A registered segment of at least ``size`` bytes, or None where bodies must be used."""
        if not self.shared_memory or self.address.shared_memory is None:
            return None
        fitting = sorted((slot for slot in self._idle if slot.size >= size), key=lambda slot: slot.size)
        if fitting and fitting[0].size <= max(_SMALL, _MOST_WASTE * size):
            self._idle.remove(fitting[0])
            return fitting[0]
        while self._idle:  # too small, or of a request that was much larger: replace rather than collect
            await self._unregister(self._idle.pop())
        try:
            make = partial(create_slot, self.address.shared_memory, self._prefix, size, self.generation)
            slot = make() if size <= _SMALL else await asyncio.to_thread(make)
        except OSError as error:
            log.warning("shared_memory_full", error=str(error))
            return None
        try:
            await self._client.register_system_shared_memory(
                slot.region, f"/{slot.path.name}", slot.size, headers=self.address.headers, client_timeout=5.0
            )
        except InferenceServerException as error:
            translated = _translate(error)
            if isinstance(translated, ServiceUnavailable):
                raise translated from error
            log.info("shared_memory_unused", why="Triton does not see this host's shared memory")
            self.shared_memory = False
            return None
        finally:
            slot.unlink()
        return slot

    async def _unregister(self, slot: Slot) -> None:
        if slot.generation != self.generation:
            return
        try:
            await self._client.unregister_system_shared_memory(
                slot.region, headers=self.address.headers, client_timeout=5.0
            )
        except InferenceServerException as error:
            log.warning("unregister_failed", error=str(error))


def _require_answer(result: InferResult, request: Request) -> None:
    """Refuse an answer that is not the one that was asked for, before its memory is read.

    Raises
    ------
    InternalError
        When a tensor is missing, or of another type or shape.
    """
    found = {tensor.name: (tensor.datatype, tuple(tensor.shape)) for tensor in result.get_response().outputs}
    for name, spec in request.outputs.items():
        wanted = np_to_triton_dtype(spec.dtype.type), spec.shape
        if found.get(name) != wanted:
            log.error("wrong_answer", model=request.model.host, tensor=name, wanted=wanted, found=found.get(name))
            raise InternalError(
                f"{request.model.name} answered with another {name} than was asked for; check the model"
            )


def _translate(error: InferenceServerException) -> ReconError:
    """A Triton error as one of ours. Its text goes to the log alone: it can name memory segments."""
    status = str(error.status() or "")
    log.warning("triton_error", status=status, error=error.message())
    if any(code.name in status for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)):
        return ServiceUnavailable("the model server is not available; try again")
    if grpc.StatusCode.DEADLINE_EXCEEDED.name in status:
        return ServiceUnavailable("the model server did not answer in time; try again")
    if grpc.StatusCode.NOT_FOUND.name in status:
        return UnknownModel("no such model")
    return InternalError("the model failed on this input; the service's log says more")
