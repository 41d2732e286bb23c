"""The calls of Triton's own protocol that the gateway makes.

https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/required_api.md and Triton's extensions of it.
"""

from __future__ import annotations

from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from recon.serving.triton.process import TritonAddress
from recon.wire.endpoint import NO_PROXY

_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    NO_PROXY,
    ("grpc.use_local_subchannel_pool", 1),  # else a new channel would go on with the connection of the old one
    # where a name has several addresses all calls go to one: a model is replaced and memory mapped on the same Triton
    ("grpc.lb_policy_name", "pick_first"),
]
_INFER = "/inference.GRPCInferenceService/ModelInfer"
#: A model that has not answered by then hangs; nothing that is served takes as long.
LONGEST_CALL_S = 600.0
#: For a model's process that has to be ended and replaced; a call may last so much longer than its deadline.
REPLACING_S = 30.0
_ANSWER_S = 5.0


class TritonServer:
    """A connection; every method raises ``grpc.RpcError`` when the call fails.

    Parameters
    ----------
    address
        Where it answers.
    """

    def __init__(self, address: TritonAddress) -> None:
        self.address = address
        self._connect()

    def _connect(self) -> None:
        address = self.address
        if address.authority is None:
            self._channel = grpc.aio.insecure_channel(address.url, _OPTIONS)
        else:
            credentials = grpc.ssl_channel_credentials(address.authority.read_bytes())
            self._channel = grpc.aio.secure_channel(address.url, credentials, _OPTIONS)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._infer = self._channel.unary_unary(_INFER)

    async def reconnect(self) -> None:
        """Make the connection anew; calls under way are cancelled."""
        before = self._channel
        self._connect()
        await before.close(None)

    @property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.address.headers.items())

    async def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        await self._channel.close(None)

    def infer(self, request: bytes) -> Any:
        """Begin an inference: an encoded request; a call that answers with encoded bytes."""
        return self._infer(request, metadata=self._headers, timeout=LONGEST_CALL_S + REPLACING_S)

    async def ready(self) -> bool:
        """Whether the server and its models answer."""
        answer = await self._stub.ServerReady(service_pb2.ServerReadyRequest(), metadata=self._headers, timeout=2.0)
        return bool(answer.ready)

    async def index(self) -> Any:
        """The models of its repository, with their states."""
        return await self._ask(self._stub.RepositoryIndex, service_pb2.RepositoryIndexRequest())

    async def config(self, name: str, version: str) -> Any:
        """A model's configuration."""
        request = service_pb2.ModelConfigRequest(name=name, version=version)
        return (await self._ask(self._stub.ModelConfig, request)).config

    async def statistics(self) -> Any:
        """What all models have done."""
        return await self._ask(self._stub.ModelStatistics, service_pb2.ModelStatisticsRequest())

    async def register(self, region: str, key: str, size: int) -> None:
        """Let it map a segment of shared memory."""
        request = service_pb2.SystemSharedMemoryRegisterRequest(name=region, key=key, byte_size=size)
        await self._ask(self._stub.SystemSharedMemoryRegister, request)

    async def unregister(self, region: str) -> None:
        """Let it unmap a segment."""
        request = service_pb2.SystemSharedMemoryUnregisterRequest(name=region)
        await self._ask(self._stub.SystemSharedMemoryUnregister, request)

    async def load(self, name: str) -> None:
        """Load a model, which can take a while."""
        request = service_pb2.RepositoryModelLoadRequest(model_name=name)
        await self._stub.RepositoryModelLoad(request, metadata=self._headers, timeout=REPLACING_S)

    async def unload(self, name: str) -> None:
        """End a model's processes."""
        request = service_pb2.RepositoryModelUnloadRequest(model_name=name)
        await self._stub.RepositoryModelUnload(request, metadata=self._headers, timeout=REPLACING_S)

    async def _ask(self, method: Any, request: Any) -> Any:
        return await method(request, metadata=self._headers, timeout=_ANSWER_S)
