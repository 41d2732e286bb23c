"""The connection to Triton: one Triton, whatever its name stands for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from recon.serving.triton.process import TritonAddress
from recon.serving.triton.server import TritonServer


class Line:
    """Between a caller and a port: what is connected can be made to be silent, as by a firewall that forgot it."""

    def __init__(self, port: int) -> None:
        self._port, self._silent = port, asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        silent = self._silent
        self._tasks += [
            asyncio.create_task(self._pass(reader, back, silent)),
            asyncio.create_task(self._pass(there, writer, silent)),
        ]

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if not silent.is_set():
                writer.write(data)

    def silence(self) -> None:
        """Those that are connected by now."""
        self._silent.set()
        self._silent = asyncio.Event()

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


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


class Answering(service_pb2_grpc.GRPCInferenceServiceServicer):
    """A Triton that is ready."""

    async def ServerReady(self, request: Any, context: Any) -> Any:
        return service_pb2.ServerReadyResponse(ready=True)


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


def test_a_connection_that_went_silent_can_be_made_anew() -> None:
    async def main() -> None:
        server = grpc.aio.server()
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Answering(), server)
        line = Line(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        triton = TritonServer(TritonAddress(f"127.0.0.1:{await line.start()}", {}, None, None))
        try:
            assert await triton.ready()
            line.silence()
            with pytest.raises(grpc.RpcError):
                await triton.ready()
            await triton.reconnect()
            assert await triton.ready()
        finally:
            await triton.close()
            await line.stop()
            await server.stop(None)

    asyncio.run(main())
