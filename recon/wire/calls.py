"""Calls and handlers of a streaming method, made from its descriptor instead of generated stubs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from recon.wire.raw import request_reader
from recon.wire.slice_message import answer_reader, encoded

#: What answers a stream: its messages and its context.
Behaviour = Callable[[Any, Any], Awaitable[None]]


def path_of(method: MethodDescriptor) -> str:
    """``/package.Service/Method``."""
    return f"/{method.containing_service.full_name}/{method.name}"


def request_of(method: MethodDescriptor) -> Any:
    """Class of the messages that are sent."""
    return GetMessageClass(method.input_type)


def response_of(method: MethodDescriptor) -> Any:
    """Class of the messages that come back."""
    return GetMessageClass(method.output_type)


def stream_call(channel: Any, method: MethodDescriptor) -> Any:
    """The method as a function of a channel, blocking or asynchronous."""
    return channel.stream_stream(
        path_of(method),
        request_serializer=encoded,
        response_deserializer=answer_reader(response_of(method)),
    )


def stream_handlers(behaviours: Iterable[tuple[MethodDescriptor, Behaviour]]) -> list[grpc.GenericRpcHandler]:
    """Handlers of streaming methods, one for each service that they belong to."""
    services: dict[str, dict[str, grpc.RpcMethodHandler]] = {}
    for method, behaviour in behaviours:
        services.setdefault(method.containing_service.full_name, {})[method.name] = (
            grpc.stream_stream_rpc_method_handler(
                behaviour,
                request_deserializer=request_reader(request_of(method)),
                response_serializer=encoded,
            )
        )
    return [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]
