"""The servicers: each hands its task's stream to the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc

from recon.errors import UnknownModel
from recon.serving.metrics import TRITON
from recon.serving.stream import StreamEngine
from recon.serving.triton.catalogue import Catalogue
from recon.serving.triton.client import TritonClient
from recon.serving.triton.models import ServedModel
from recon.tasks.contrast import ContrastTask
from recon.tasks.ct import CtTask
from recon.tasks.mr import MrTask
from recon.v1 import (
    contrast_pb2,
    contrast_pb2_grpc,
    ct_pb2,
    ct_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    mr_pb2,
    mr_pb2_grpc,
)

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class CtService(ct_pb2_grpc.CtServiceServicer):
    """Low-dose CT."""

    def __init__(self, engine: StreamEngine) -> None:
        self._engine, self._task = engine, CtTask()

    async def Denoise(self, request_iterator: AsyncIterator[Any], context: _Context) -> None:  # noqa: N802
        """One series; see ``proto/recon/v1/ct.proto``."""
        await self._engine.run(self._task, ct_pb2.DenoiseResponse, context)


class MrService(mr_pb2_grpc.MrServiceServicer):
    """MR from k-space."""

    def __init__(self, engine: StreamEngine) -> None:
        self._engine, self._task = engine, MrTask()

    async def Reconstruct(self, request_iterator: AsyncIterator[Any], context: _Context) -> None:  # noqa: N802
        """One series; see ``proto/recon/v1/mr.proto``."""
        await self._engine.run(self._task, mr_pb2.ReconstructResponse, context)


class ContrastService(contrast_pb2_grpc.ContrastServiceServicer):
    """Full-dose contrast."""

    def __init__(self, engine: StreamEngine) -> None:
        self._engine, self._task = engine, ContrastTask()

    async def Synthesize(self, request_iterator: AsyncIterator[Any], context: _Context) -> None:  # noqa: N802
        """One pair of scans; see ``proto/recon/v1/contrast.proto``."""
        await self._engine.run(self._task, contrast_pb2.SynthesizeResponse, context)


class ModelService(models_pb2_grpc.ModelServiceServicer):
    """Lists and shows models."""

    def __init__(self, triton: TritonClient, catalogue: Catalogue) -> None:
        self._triton, self._catalogue = triton, catalogue

    async def ListModels(  # noqa: N802
        self, request: models_pb2.ListModelsRequest, context: _Context
    ) -> models_pb2.ListModelsResponse:
        """All models."""
        await self._count()
        return models_pb2.ListModelsResponse(models=[self._message(model) for model in self._catalogue.models])

    async def GetModel(  # noqa: N802
        self, request: models_pb2.GetModelRequest, context: _Context
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

    def _message(self, model: ServedModel) -> models_pb2.Model:
        return models_pb2.Model(
            name=model.name, version=model.version, task=model.task, sha256=model.sha256, ready=self._catalogue.ready,
            description=model.parameter("description"), is_default=model.is_default,
            conformal_factor=model.conformal_factor, tuning=model.tuning,
            inference_count=int(TRITON.latest.get(model.host, {}).get("inferences", 0)),
        )  # fmt: skip
