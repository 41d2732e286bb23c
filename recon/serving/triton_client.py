"""Inference on a Triton: shared memory where it sees ours, request bodies otherwise."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import numpy as np
import structlog
from tritonclient.grpc import InferInput, InferRequestedOutput, InferResult
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from recon.errors import InternalError, ReconError, ServiceUnavailable, UnknownModel
from recon.serving.tensor_slots import Slot, create_slot
from recon.serving.triton_process import TritonAddress
from recon.volumes import FloatImage

log = structlog.get_logger()

_CALL_TIMEOUT_S = 60.0
_GRPC_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


@dataclass(frozen=True)
class ServedModel:
    """A model as Triton's configuration describes it."""

    name: str
    version: str
    input_name: str
    output_name: str
    parameters: dict[str, str]
    method: str = ""

    @property
    def host(self) -> str:
        """Triton's name of the model; one Triton model may hold several methods."""
        return self.parameters.get("host", self.name)

    @property
    def task(self) -> str:
        """``mr``, ``ct`` or ``contrast``."""
        return self.parameters.get("task", "")

    @property
    def conformal_factor(self) -> float:
        """What interval half-widths are multiplied by."""
        return float(self.parameters.get("conformal_factor", "1"))

    @property
    def sha256(self) -> str:
        """Of the weights file, checked by the model when it was loaded."""
        return self.parameters.get("sha256", "")


class TritonClient:
    """A bounded number of inferences at a time on one Triton.

    Parameters
    ----------
    address
        Where it answers.
    most_in_flight
        Requests that may be at Triton at once; others wait here, where they can be cancelled at once.
    shared_memory
        Whether to use shared memory where Triton is on this host.
    """

    def __init__(self, address: TritonAddress, most_in_flight: int = 2, shared_memory: bool = True) -> None:
        self.address = address
        self.shared_memory = shared_memory and address.shared_memory is not None
        self.generation = 0
        self._client = InferenceServerClient(address.url, channel_args=_GRPC_OPTIONS)
        self._permits = asyncio.Semaphore(most_in_flight)
        self._slots: list[Slot] = []
        self._prefix = f"recon_{os.getpid()}_{secrets.token_hex(4)}"

    async def close(self) -> None:
        """Close the connection; segments vanish with their mappings."""
        for slot in self._slots:
            slot.unlink()
        self._slots.clear()
        await self._client.close()

    def server_restarted(self) -> None:
        """Forget what was registered with a Triton that is gone."""
        self.generation += 1
        self._slots.clear()

    async def is_ready(self) -> bool:
        """Whether the server and its models answer; False on any failure."""
        try:
            return bool(await self._client.is_server_ready(headers=self.address.headers, client_timeout=2.0))
        except InferenceServerException:
            return False

    async def models(self) -> list[ServedModel]:
        """All models that Triton has loaded, with the parameters of their configuration."""
        try:
            index = await self._client.get_model_repository_index(headers=self.address.headers, client_timeout=5.0)
            found = []
            for entry in index.models:
                if entry.state != "READY":
                    continue
                answer = await self._client.get_model_config(
                    entry.name, headers=self.address.headers, client_timeout=5.0
                )
                config = answer.config
                values = {key: value.string_value for key, value in config.parameters.items()}
                tensors = config.input[0].name, config.output[0].name
                for method in filter(None, values.get("methods", "").split(",")):
                    found.append(ServedModel(method, entry.version, *tensors, {**values, "host": entry.name}, method))
                if "methods" not in values:
                    found.append(ServedModel(entry.name, entry.version, *tensors, values))
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
        self,
        model: ServedModel,
        shape: tuple[int, ...],
        output_shape: tuple[int, ...],
        fill: Callable[[FloatImage], object],
    ) -> AsyncIterator[FloatImage]:
        """Run a model; the output is valid inside the ``with`` block only.

        Parameters
        ----------
        model
            Which one.
        shape, output_shape
            Of its input and its output, both float32.
        fill
            Writes the input into the array that it is given, which may be shared memory.

        Raises
        ------
        ServiceUnavailable
            When Triton is gone or does not answer in time.
        InternalError
            When the model fails.
        """
        async with self._permits:
            size = 4 * int(np.prod(shape))
            slot = await self._slot(size + 4 * int(np.prod(output_shape)))
            if slot is None:
                tensor = np.empty(shape, np.float32)
                fill(tensor)
                yield await self._infer_by_body(model, tensor)
                return
            tensor = slot.view(0, shape)
            try:
                fill(tensor)
            except ReconError:
                self._give_back(slot)
                raise
            call = asyncio.ensure_future(self._infer_in_slot(model, slot, tensor, output_shape))
            try:
                # a cancelled caller must not free memory that Triton is still writing to
                await asyncio.shield(call)
            except asyncio.CancelledError:
                call.add_done_callback(lambda done: self._give_back(slot, done))
                raise
            except ReconError:
                slot.unlink()
                raise
            try:
                yield slot.view(tensor.nbytes, output_shape)
            finally:
                self._give_back(slot)

    async def _infer_by_body(self, model: ServedModel, tensor: FloatImage) -> FloatImage:
        given = InferInput(model.input_name, list(tensor.shape), "FP32")
        given.set_data_from_numpy(tensor)
        result = await self._call(model, given, InferRequestedOutput(model.output_name))
        output: FloatImage = result.as_numpy(model.output_name)
        return output

    async def _infer_in_slot(
        self, model: ServedModel, slot: Slot, tensor: FloatImage, output_shape: tuple[int, ...]
    ) -> None:
        given = InferInput(model.input_name, list(tensor.shape), "FP32")
        given.set_shared_memory(slot.region, tensor.nbytes, 0)
        wanted = InferRequestedOutput(model.output_name)
        wanted.set_shared_memory(slot.region, 4 * int(np.prod(output_shape)), tensor.nbytes)
        await self._call(model, given, wanted)

    async def _call(self, model: ServedModel, given: InferInput, wanted: InferRequestedOutput) -> InferResult:
        try:
            return await self._client.infer(
                model.host,
                [given],
                model_version=model.version,
                outputs=[wanted],
                headers=self.address.headers,
                client_timeout=_CALL_TIMEOUT_S,
                parameters={"method": model.method} if model.method else None,
            )
        except InferenceServerException as error:
            raise _translate(error) from error

    async def _slot(self, size: int) -> Slot | None:
        """A registered segment of at least ``size`` bytes, or None where bodies must be used."""
        if not self.shared_memory or self.address.shared_memory is None:
            return None
        for slot in self._slots:
            if slot.size >= size:
                self._slots.remove(slot)
                return slot
        while self._slots:  # too small: replace rather than collect
            await self._unregister(self._slots.pop())
        try:
            slot = create_slot(self.address.shared_memory, self._prefix, size, self.generation)
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

    def _give_back(self, slot: Slot, done: asyncio.Future[None] | None = None) -> None:
        failed = done is not None and (done.cancelled() or done.exception() is not None)
        if slot.generation == self.generation and not failed:
            self._slots.append(slot)

    async def _unregister(self, slot: Slot) -> None:
        try:
            await self._client.unregister_system_shared_memory(
                slot.region, headers=self.address.headers, client_timeout=5.0
            )
        except InferenceServerException as error:
            log.warning("unregister_failed", error=str(error))


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
