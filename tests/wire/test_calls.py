"""Paths, messages and handlers are those of the method's descriptor."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from recon.tasks.registry import task_of, tasks
from recon.v1 import ct_pb2
from recon.wire.calls import path_of, request_of, response_of, stream_handlers


def test_path_and_messages_are_those_of_the_proto() -> None:
    method = task_of("ct").method
    assert path_of(method) == "/recon.v1.CtService/Denoise"
    assert request_of(method) is ct_pb2.DenoiseRequest
    assert response_of(method) is ct_pb2.DenoiseResponse


def test_each_method_is_answered_under_its_path_and_no_other_is() -> None:
    async def behaviour(messages: Any, context: Any) -> None:
        pass

    methods = [task_of(name).method for name in tasks()]
    handlers = stream_handlers([(method, behaviour) for method in methods])
    assert len(handlers) == len({method.containing_service.full_name for method in methods})

    def found(path: str) -> list[Any]:
        asked = (handler.service(SimpleNamespace(method=path, invocation_metadata=())) for handler in handlers)
        return [one for one in asked if one is not None]

    for method in methods:
        (one,) = found(path_of(method))
        assert one.request_streaming
        assert one.response_streaming
        assert one.stream_stream is behaviour
    assert found("/recon.v1.CtService/Nothing") == []
