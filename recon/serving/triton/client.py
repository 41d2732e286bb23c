"""Inference on a Triton: shared memory where it sees ours, request bodies otherwise."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import grpc
import structlog

from recon.engine.inference import Request, Tensors
from recon.engine.models import ServedModel, models_of
from recon.errors import ServiceUnavailable
from recon.serving.triton.call import REPLACED, Call
from recon.serving.triton.failures import translated
from recon.serving.triton.process import TritonAddress
from recon.serving.triton.segments import Segments
from recon.serving.triton.server import TritonServer

log = structlog.get_logger()

#: Triton's reason for a model that is not there since somebody did not want it any more.
_ON_PURPOSE = "unloaded"


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
        self.server = TritonServer(address)
        enabled = shared_memory and address.shared_memory is not None
        self.segments = Segments(self.server, enabled, most_in_flight)
        # of each model: one whose calls take minutes holds up nobody who asks for another
        self._permits: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(most_in_flight))
        self._under_way: set[object] = set()
        self._replacing: set[str] = set()
        self._known: dict[tuple[str, str], list[ServedModel]] = {}
        #: Told the name of a model that failed: whether a process of it has ended.
        self.has_lost: Callable[[str], bool] = lambda host: False

    @property
    def calls(self) -> int:
        """Calls that Triton has not ended."""
        return len(self._under_way)

    @property
    def idle_slots(self) -> int:
        """Segments that wait for the next call."""
        return len(self.segments.idle)

    @property
    def shared_memory(self) -> bool:
        """Whether tensors go by shared memory."""
        return self.segments.enabled

    async def close(self) -> None:
        """Close the connection; segments vanish with their mappings."""
        self.segments.close()
        await self.server.close()

    def server_restarted(self) -> None:
        """Forget what was registered with a Triton that is gone."""
        self.segments.forget()

    async def reconnect(self) -> None:
        """Give up the connection, and calls under way with it, for a new one."""
        await self.server.reconnect()

    def server_in_doubt(self) -> None:
        """It was away, and nobody says whether it is the same."""
        self.segments.doubt()

    async def is_ready(self) -> bool:
        """Whether the server and its models answer; False on any failure."""
        try:
            return await self.server.ready()
        except grpc.RpcError:
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
            await self.server.unload(host)
            await self.server.load(host)
        except grpc.RpcError as error:
            raise translated(error) from error
        finally:
            self._replacing.discard(host)

    async def models(self) -> list[ServedModel]:
        """All models that Triton has loaded or tries to load again, with the parameters of their configuration."""
        try:
            found: dict[tuple[str, str], list[ServedModel]] = {}
            for entry in (await self.server.index()).models:
                key = entry.name, entry.version
                if entry.state == "READY":
                    config = await self.server.config(*key)
                    values = {name: value.string_value for name, value in config.parameters.items()}
                    found[key] = models_of(config.name, values, entry.version)
                elif entry.reason != _ON_PURPOSE and key in self._known:
                    found[key] = [replace(model, away=True) for model in self._known[key]]
            self._known = found
            return list(chain(*found.values()))
        except grpc.RpcError as error:
            raise translated(error) from error

    async def statistics(self) -> dict[str, dict[str, float]]:
        """Per model: inferences, failures, and seconds spent in the queue and computing."""
        try:
            answer = await self.server.statistics()
        except grpc.RpcError as error:
            raise translated(error) from error
        return {
            stats.name: {
                "inferences": float(stats.inference_count),
                "failures": float(stats.inference_stats.fail.count),
                "queue_seconds": stats.inference_stats.queue.ns * 1e-9,
                "compute_seconds": stats.inference_stats.compute_infer.ns * 1e-9,
            }
            for stats in answer.model_stats
        }

    async def begin(self, request: Request, fill: Callable[[Tensors], object]) -> Call:
        """Send a request when there is room; see :class:`recon.engine.inference.Inference`."""
        if request.model.host in self._replacing:
            raise ServiceUnavailable(REPLACED)
        permits = self._permits[request.model.host]
        await permits.acquire()
        call = Call(self.server, self.segments, permits, request, self._under_way, self._replaced)
        try:
            await call.send(fill)
        except BaseException:
            call.release()
            raise
        return call

    async def _replaced(self, host: str) -> bool:
        """Whether a model's failure is that of a process that is replaced."""
        return host in self._replacing or await asyncio.to_thread(self.has_lost, host)
