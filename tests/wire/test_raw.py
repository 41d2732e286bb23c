"""What would take long to read is refused unread; what scanners send is read as it is."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.v1 import ct_pb2, mr_pb2
from recon.wire.raw import message_of


def _request(lines: list[int], data: bytes) -> bytes:
    readouts = mr_pb2.Readouts(lines=lines, data=data, trajectory=data[: len(data) // 2])
    return mr_pb2.ReconstructRequest(readouts=readouts).SerializeToString()


def test_what_scanners_send_is_read() -> None:
    raw = _request(list(range(32768)), bytes(4 << 20))
    read = message_of(raw, mr_pb2.ReconstructRequest)
    assert read.SerializeToString() == raw
    assert message_of(b"", ct_pb2.DenoiseRequest) == ct_pb2.DenoiseRequest()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (_request([0] * (5 << 20), b""), "lines has 5242880 bytes; at most 262144"),
        (b"\x12\x80\x80\x40" + b"\x10\x00" * (1 << 19), "more than 1000 fields"),  # one by one
        (b"\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80" + bytes(1 << 20), "are no ReconstructRequest"),
        (b"\xfa\x01\x80\x80\x40" + bytes(1 << 20), "an unknown field has 1048576 bytes"),
        (b"\xff" * (1 << 20), "are no ReconstructRequest"),
    ],
)
def test_what_nobody_needs_is_refused_unread(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        message_of(raw, mr_pb2.ReconstructRequest)


@given(st.binary(max_size=300), st.integers(0, 2))
def test_whatever_comes_is_a_message_or_refused(tail: bytes, begin: int) -> None:
    raw = [b"", b"\x12\x80\x80\x40", b"\x0a\x80\x80\x40"][begin] + tail + bytes(600_000)
    with contextlib.suppress(InvalidRequest):
        assert isinstance(message_of(raw, mr_pb2.ReconstructRequest), mr_pb2.ReconstructRequest)
