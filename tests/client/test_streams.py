"""Whatever ends a call is one of our errors, with how long to wait before another try."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from recon.client.streams import GrpcStream, StreamFailed, error_from, grpc_opener
from recon.errors import DeadlineExceeded, InternalError, ReconError, ServiceUnavailable, UnknownModel
from tests.engine.streams import scan
from tests.gateway import Gateway
from tests.toy import METHOD, ToySeries, toy_pb2


class Failure(grpc.RpcError):
    """A call that ended with a status and no details of ours."""

    def __init__(self, code: grpc.StatusCode, words: str = "") -> None:
        self._code, self._words = code, words

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._words

    def trailing_metadata(self) -> tuple[()]:
        return ()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (grpc.StatusCode.UNAVAILABLE, ServiceUnavailable, "is it running there?"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded, "did not answer in time"),
        (grpc.StatusCode.CANCELLED, DeadlineExceeded, "cancelled"),
        (grpc.StatusCode.UNIMPLEMENTED, InternalError, "UNIMPLEMENTED: no such method"),
    ],
)
def test_a_status_that_is_not_ours_has_an_error_too(code: grpc.StatusCode, kind: type[ReconError], words: str) -> None:
    error, wait_s = error_from(Failure(code, "no such method"))
    assert type(error) is kind
    assert words in error.problem
    assert wait_s > 0


def test_a_stream_that_breaks_fails_in_one_way_and_keeps_what_came() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            yield 1
            raise Failure(grpc.StatusCode.UNAVAILABLE)

    answers = iter(GrpcStream(Broken()))
    assert next(answers) == 1
    with pytest.raises(StreamFailed, match="can't be reached") as failed:
        next(answers)
    assert isinstance(failed.value.error, ServiceUnavailable)


def test_the_services_error_comes_with_its_field(channel: grpc.Channel) -> None:
    header = toy_pb2.Header(rows=8, columns=6, slices=1, model="absent")
    with pytest.raises(StreamFailed) as failed:
        list(grpc_opener(channel, METHOD)(iter([toy_pb2.Request(header=header)]), 10))
    assert isinstance(failed.value.error, UnknownModel)
    assert failed.value.error.field == "model"


def test_a_cancelled_stream_says_so(gateway: Gateway, channel: grpc.Channel) -> None:
    gateway.fake.stalled.clear()
    stream = grpc_opener(channel, METHOD)(ToySeries(*scan(4)).messages(), 30)
    answers = iter(stream)
    next(answers)
    stream.cancel()
    with pytest.raises(StreamFailed, match="cancelled"):
        list(answers)
    gateway.loop.call_soon_threadsafe(gateway.fake.stalled.set)
