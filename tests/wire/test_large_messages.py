"""What is written by hand is what protobuf writes, and what anybody writes is read as protobuf reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from recon.quality.verdict import Check, Verdict, verdict_of
from recon.v1 import common_pb2, contrast_pb2, ct_pb2, mr_pb2
from recon.values.fixed_point import FixedPoint
from recon.wire.chunk_message import ChunkMessage, chunk_messages, chunk_reader
from recon.wire.messages import PIECE_BYTES, check_to_message
from recon.wire.planes import image_plane, plane_to_image, width_plane
from recon.wire.slice_message import SliceMessage, answer_reader, slice_messages

CHECK = Check("noise_level", 21.5, 1.5, None, "HU", Verdict.REVIEW, "noise of the input")
read_request, read_answer = chunk_reader(ct_pb2.DenoiseRequest), answer_reader(ct_pb2.DenoiseResponse)
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


@pytest.mark.parametrize("response", [ct_pb2.DenoiseResponse, mr_pb2.ReconstructResponse])
def test_a_slice_is_written_and_read_as_protobuf_does(response: Any) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(-1000, 2000, (48, 50)).astype(np.int16)
    width = FixedPoint(rng.integers(0, 900, (48, 50)).astype(np.uint16), 0.055)
    planes = [image_plane(image), width_plane(width, common_pb2.PLANE_UNCERTAINTY)]
    (ours,) = slice_messages(response, 7, planes, [CHECK])
    theirs = response()
    theirs.slice.slice_index, theirs.slice.verdict = 7, int(verdict_of([CHECK]))
    theirs.slice.checks.append(check_to_message(CHECK))
    for plane in planes:
        theirs.slice.planes.add(
            plane=plane.kind, sample_type=plane.sample_type, scale=plane.scale, data=plane.values.tobytes()
        )
    assert ours == theirs.SerializeToString()
    read = answer_reader(response)(ours)
    assert isinstance(read, SliceMessage)
    assert (read.slice.slice_index, read.slice.verdict) == (7, int(Verdict.REVIEW))
    assert list(read.slice.checks) == [check_to_message(CHECK)]
    images = [plane_to_image(plane, plane.data, image.shape) for plane in read.slice.planes]
    np.testing.assert_array_equal(images[0], image)
    np.testing.assert_array_equal(images[1], width.values)


def test_a_slice_too_large_for_a_message_goes_in_pieces_before_it() -> None:
    image = np.random.default_rng(0).normal(size=(1100, 1000)).astype(np.float32)
    made = [read_answer(m) for m in slice_messages(ct_pb2.DenoiseResponse, 2, [image_plane(image)], [CHECK])]
    assert [message.WhichOneof("part") for message in made] == ["chunk", "chunk", "slice"]
    data = b"".join(bytes(message.chunk.data) for message in made[:-1])
    assert not made[-1].slice.planes[0].data
    np.testing.assert_array_equal(plane_to_image(made[-1].slice.planes[0], data, image.shape), image)


def test_parts_of_a_slice_that_protobuf_merges_are_merged() -> None:
    one = ct_pb2.DenoiseResponse(slice=common_pb2.SliceResult(slice_index=3)).SerializeToString()
    plane = common_pb2.PlaneData(plane=common_pb2.PLANE_IMAGE, data=bytes(2000))
    two = ct_pb2.DenoiseResponse(slice=common_pb2.SliceResult(planes=[plane])).SerializeToString()
    read = read_answer(two + one)
    assert (read.slice.slice_index, len(read.slice.planes)) == (3, 1)
