"""The connection to Triton: one Triton, whatever its name stands for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from recon.serving.triton.process import TritonAddress
from recon.serving.triton.server import TritonServer


class Counting(service_pb2_grpc.GRPCInferenceServiceServicer):
    """A Triton that writes down what it was told to load and unload."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:
        self.told.append(f"unload {request.model_name}")
        return service_pb2.RepositoryModelUnloadResponse()

    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:
        self.told.append(f"load {request.model_name}")
        return service_pb2.RepositoryModelLoadResponse()


def test_of_several_replicas_one_gets_all_calls_and_another_takes_over() -> None:
    """Otherwise one would end a model's processes and another be told to start them."""

    async def main() -> None:
        replicas, servers, ports = [Counting(), Counting()], [], []
        for replica in replicas:
            server = grpc.aio.server()
            service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(replica, server)
            ports.append(server.add_insecure_port("127.0.0.1:0"))
            await server.start()
            servers.append(server)
        triton = TritonServer(TritonAddress("ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports), {}, None, None))
        try:
            for _ in range(6):
                await triton.unload("wave")
                await triton.load("wave")
            assert sorted(len(replica.told) for replica in replicas) == [0, 12]
            used = next(index for index, replica in enumerate(replicas) if replica.told)
            await servers[used].stop(None)
            for _ in range(50):  # what was sent as it went may be refused
                with contextlib.suppress(grpc.RpcError):
                    await triton.load("wave")
                    break
                await asyncio.sleep(0.1)
            assert replicas[1 - used].told == ["load wave"]
        finally:
            await triton.close()
            await asyncio.gather(*(server.stop(None) for server in servers))

    asyncio.run(main())
