"""The model service: what is served, and whether it is ready."""

from __future__ import annotations

import grpc

from recon.errors import UnknownModel
from recon.serving.guard import guarded
from recon.serving.metrics import TRITON
from recon.serving.model_registry import ModelRegistry
from recon.serving.triton_client import ServedModel, TritonClient
from recon.v1 import models_pb2, models_pb2_grpc


class ModelService(models_pb2_grpc.ModelServiceServicer):
    """Lists and shows models."""

    def __init__(self, triton: TritonClient, registry: ModelRegistry) -> None:
        self._triton = triton
        self._registry = registry

    async def ListModels(  # noqa: N802
        self, request: models_pb2.ListModelsRequest, context: grpc.aio.ServicerContext
    ) -> models_pb2.ListModelsResponse:
        """All models."""
        async with guarded(context, "models.ListModels"):
            await self._count()
            models = [self._message(model) for model in self._registry.models]
            return models_pb2.ListModelsResponse(models=models)

    async def GetModel(  # noqa: N802
        self, request: models_pb2.GetModelRequest, context: grpc.aio.ServicerContext
    ) -> models_pb2.GetModelResponse:
        """One model."""
        async with guarded(context, "models.GetModel"):
            await self._count()
            for model in sorted(self._registry.models, key=lambda m: -int(m.version)):
                if model.name == request.name and request.version in ("", model.version):
                    return models_pb2.GetModelResponse(model=self._message(model))
            raise UnknownModel(f"no model {request.name}:{request.version or 'newest'}", field="name")

    async def _count(self) -> None:
        if self._registry.ready:
            TRITON.latest = await self._triton.statistics()

    def _message(self, model: ServedModel) -> models_pb2.Model:
        return models_pb2.Model(
            name=model.name,
            version=model.version,
            task=model.task,
            sha256=model.sha256,
            ready=self._registry.ready,
            description=model.parameters.get("description", ""),
            inference_count=int(TRITON.latest.get(model.host, {}).get("inferences", 0)),
        )
