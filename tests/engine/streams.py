"""Streams of the toy task, as its callers open them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from recon.client.resume import Run
from recon.client.streams import grpc_opener
from recon.wire.calls import path_of
from tests.toy import METHOD, ToySeries, toy_pb2


def scan(slices: int, rows: int = 8, columns: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    wave = rng.normal(size=(slices, rows, columns)) + 1j * rng.normal(size=(slices, rows, columns))
    return wave, rng.uniform(1, 2, (slices, rows, columns))


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def call(channel: grpc.Channel, messages: Iterator[Any], timeout: float = 30) -> Iterator[Any]:
    stub = channel.stream_stream(
        path_of(METHOD),
        request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
        response_deserializer=toy_pb2.Response.FromString,
    )
    return stub(messages, timeout=timeout)


def run_of(channel: grpc.Channel, series: ToySeries, timeout_s: float, patience_s: float) -> Run:
    return Run(series, grpc_opener(channel, METHOD), timeout_s, patience_s)


def failure(answers: Iterator[Any]) -> tuple[int, grpc.RpcError]:
    """How many slices came before the error that ended the stream, and the error."""
    slices = 0
    try:
        for answer in answers:
            slices += answer.WhichOneof("part") == "slice"
    except grpc.RpcError as error:
        return slices, error
    pytest.fail("the stream ended well")
