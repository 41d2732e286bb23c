"""What would take long to read is refused unread; what scanners send is read as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.v1 import ct_pb2, mr_pb2
from recon.wire.raw import request_reader


def _request(lines: list[int], data: bytes) -> bytes:
    readouts = mr_pb2.Readouts(lines=lines, data=data, trajectory=data[: len(data) // 2])
    return mr_pb2.ReconstructRequest(readouts=readouts).SerializeToString()


def test_what_scanners_send_is_read() -> None:
    raw = _request(list(range(32768)), bytes(4 << 20))
    assert request_reader(mr_pb2.ReconstructRequest)(raw).SerializeToString() == raw
    assert request_reader(ct_pb2.DenoiseRequest)(b"") == ct_pb2.DenoiseRequest()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (_request([0] * (5 << 20), b""), "lines has 5242880 bytes; at most 262144"),
        (b"\x12\x80\x80\x80\x01" + b"\x10\x00" * (1 << 20), "more than 1000 fields"),  # one by one
        (b"\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80" + bytes(1 << 21), "are no ReconstructRequest"),
        (b"\xfa\x01\x80\x80\x80\x01" + bytes(1 << 21), "an unknown field has 2097152 bytes"),
        (b"\xff" * (1 << 21), "are no ReconstructRequest"),
    ],
)
def test_what_nobody_needs_is_refused_unread(raw: bytes, words: str) -> None:
    refused = request_reader(mr_pb2.ReconstructRequest)(raw)
    assert isinstance(refused, InvalidRequest)
    assert words in refused.problem


@given(st.binary(max_size=300), st.integers(0, 2))
def test_whatever_comes_is_a_message_or_refused(tail: bytes, begin: int) -> None:
    raw = [b"", b"\x12\x80\x80\x40", b"\x0a\x80\x80\x40"][begin] + tail + bytes(1_200_000)
    assert isinstance(request_reader(mr_pb2.ReconstructRequest)(raw), mr_pb2.ReconstructRequest | InvalidRequest)
