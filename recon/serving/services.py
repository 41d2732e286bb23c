"""The servicers: a stream of each task for the engine, and the list of models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import grpc

from recon.engine.catalogue import Catalogue
from recon.engine.models import ServedModel, model_to_message
from recon.engine.stream import StreamEngine
from recon.errors import UnknownModel
from recon.serving.metrics import TRITON
from recon.serving.peer import GrpcContext, GrpcPeer
from recon.serving.triton.client import TritonClient
from recon.tasks.base import Task
from recon.v1 import models_pb2, models_pb2_grpc
from recon.wire.calls import Behaviour, response_of, stream_handlers


def task_handlers(engine: StreamEngine, tasks: Iterable[Task]) -> list[grpc.GenericRpcHandler]:
    """Handlers of the tasks' methods: each hands its stream to the engine."""
    return stream_handlers((task.method, _behaviour(engine, task)) for task in tasks)


def service_names(tasks: Iterable[Task]) -> list[str]:
    """Full names of the services that carry the tasks."""
    return list(dict.fromkeys(task.method.containing_service.full_name for task in tasks))


def _behaviour(engine: StreamEngine, task: Task) -> Behaviour:
    response = response_of(task.method)

    async def answer(messages: Any, context: GrpcContext) -> None:
        await engine.run(task, response, GrpcPeer(context))

    return answer


class ModelService(models_pb2_grpc.ModelServiceServicer):
    """Lists and shows models."""

    def __init__(
        self, triton: TritonClient, catalogue: Catalogue, memory: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        self._triton, self._catalogue, self._memory = triton, catalogue, memory
        self._held: Mapping[str, int] = {}

    async def ListModels(  # noqa: N802
        self, request: models_pb2.ListModelsRequest, context: GrpcContext
    ) -> models_pb2.ListModelsResponse:
        """All models."""
        await self._count()
        return models_pb2.ListModelsResponse(models=[self._message(model) for model in self._catalogue.models])

    async def GetModel(  # noqa: N802
        self, request: models_pb2.GetModelRequest, context: GrpcContext
    ) -> models_pb2.GetModelResponse:
        """One model."""
        await self._count()
        for model in sorted(self._catalogue.models, key=lambda m: -int(m.version)):
            if model.name == request.name and request.version in ("", model.version):
                return models_pb2.GetModelResponse(model=self._message(model))
        raise UnknownModel(f"no model {request.name}:{request.version or 'newest'}", field="name")

    async def _count(self) -> None:
        if self._catalogue.ready:
            TRITON.latest = await self._triton.statistics()
            self._held = await asyncio.to_thread(self._memory)

    def _message(self, model: ServedModel) -> models_pb2.Model:
        count = int(TRITON.latest.get(model.host, {}).get("inferences", 0))
        message = model_to_message(model, ready=self._catalogue.ready, inferences=count)
        if model.host in self._held:
            message.memory_bytes = self._held[model.host]
        return message
