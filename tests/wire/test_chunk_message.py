"""Chunks written by hand are what protobuf writes, and what anybody writes is read as protobuf reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from recon.v1 import common_pb2, contrast_pb2, ct_pb2
from recon.wire.chunk_message import ChunkMessage, chunk_messages, chunk_reader
from recon.wire.messages import PIECE_BYTES

read_request = chunk_reader(ct_pb2.DenoiseRequest)
chunks = st.builds(
    common_pb2.Chunk,
    slice_index=st.integers(0, 2**32 - 1),
    plane=st.sampled_from([0, 1, 4, 77]),
    offset_bytes=st.integers(0, 2**64 - 1),
    data=st.integers(1100, 1500).map(bytes),
    input=st.text(max_size=9),
)


@given(chunks)
def test_a_chunk_is_read_and_written_as_protobuf_does(chunk: Any) -> None:
    theirs = ct_pb2.DenoiseRequest(chunk=chunk).SerializeToString()
    ours = read_request(theirs)
    assert isinstance(ours, ChunkMessage)
    for name in ("slice_index", "plane", "offset_bytes", "data", "input"):
        assert getattr(ours.chunk, name) == getattr(chunk, name)
    assert ours.SerializeToString() == theirs


@given(chunks, st.data())
def test_damaged_bytes_are_read_as_protobuf_reads_them(chunk: Any, data: st.DataObject) -> None:
    whole = bytearray(ct_pb2.DenoiseRequest(chunk=chunk).SerializeToString())
    kind = data.draw(st.sampled_from(["cut", "changed", "twice", "more"]))
    if kind == "cut":
        del whole[data.draw(st.integers(1040, len(whole) - 1)) :]
    elif kind == "changed":
        whole[data.draw(st.integers(0, 40))] = data.draw(st.integers(0, 255))
    elif kind == "twice":
        whole = whole + whole
    else:
        whole += ct_pb2.DenoiseRequest(header=ct_pb2.CtHeader(rows=3)).SerializeToString()
    try:
        theirs = ct_pb2.DenoiseRequest.FromString(bytes(whole))
    except DecodeError:
        with pytest.raises(DecodeError):
            read_request(bytes(whole))
        return
    ours = read_request(bytes(whole))
    assert ours.WhichOneof("part") == theirs.WhichOneof("part")
    if theirs.WhichOneof("part") == "chunk":
        assert (ours.chunk.slice_index, ours.chunk.data) == (theirs.chunk.slice_index, theirs.chunk.data)


@pytest.mark.parametrize("request_of", [ct_pb2.DenoiseRequest, contrast_pb2.SynthesizeRequest])
def test_a_slice_is_cut_into_pieces_that_are_bounded_and_whole(request_of: Any) -> None:
    values = np.random.default_rng(0).integers(-1000, 1000, (1500, 1600)).astype("<f4")
    made = [request_of.FromString(m.SerializeToString()).chunk for m in chunk_messages(request_of, 3, values, name="x")]
    assert max(len(chunk.data) for chunk in made) <= PIECE_BYTES
    assert b"".join(chunk.data for chunk in made) == values.tobytes()
    assert [chunk.offset_bytes for chunk in made] == [0, PIECE_BYTES, 2 * PIECE_BYTES]
    assert {(chunk.slice_index, chunk.input) for chunk in made} == {(3, "x")}


def test_what_is_sent_can_not_be_written_to() -> None:
    """In one process the engine sees the caller's own array."""
    values = np.zeros((40, 40), "<f4")
    (message,) = chunk_messages(ct_pb2.DenoiseRequest, 0, values)
    assert not np.frombuffer(message.chunk.data, "<f4").flags.writeable
