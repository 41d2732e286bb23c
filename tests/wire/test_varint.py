"""Protobuf's numbers and fields by hand: as protobuf has them, and no position beyond the bytes."""

from __future__ import annotations

import pytest
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st

from recon.v1 import common_pb2
from recon.wire.varint import LENGTH, VARINT, Foreign, fields, head, read_varint, varint


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_numbers_are_written_as_protobuf_writes_them_and_read_again(value: int, behind: bytes) -> None:
    written = varint(value)
    assert written == _VarintBytes(value)
    assert read_varint(b"x" + written + behind, 1) == (value, 1 + len(written))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\x80" * 10 + b"\x01"])
def test_a_number_without_an_end_is_none(data: bytes) -> None:
    with pytest.raises(Foreign):
        read_varint(data, 0)


def test_fields_of_a_real_message() -> None:
    message = common_pb2.Check(name="noise", value=2.5, outcome=common_pb2.VERDICT_REVIEW)
    data = message.SerializeToString()
    found = {number: (kind, data[content:end]) for number, kind, _, content, end in fields(data, 0, len(data))}
    name = common_pb2.Check.DESCRIPTOR.fields_by_name["name"].number
    assert found[name] == (LENGTH, b"noise")
    assert VARINT in {kind for kind, _ in found.values()}


@given(st.binary(max_size=40))
def test_any_bytes_are_fields_that_fill_them_or_foreign(data: bytes) -> None:
    try:
        found = list(fields(data, 0, len(data)))
    except Foreign:
        return
    ends = [0, *(end for *_, end in found)]
    assert [start for _, _, start, _, _ in found] == ends[:-1]
    assert ends[-1] == len(data)


def test_a_field_that_reaches_beyond_its_message_is_foreign() -> None:
    with pytest.raises(Foreign):
        list(fields(head(1, 5) + b"four", 0, 6))
