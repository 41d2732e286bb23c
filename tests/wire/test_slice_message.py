"""Slices written by hand are what protobuf writes, whole or in pieces, and are read as protobuf reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recon.quality.verdict import Check, Verdict, verdict_of
from recon.v1 import common_pb2, ct_pb2, mr_pb2
from recon.values.fixed_point import FixedPoint
from recon.wire.messages import check_to_message
from recon.wire.planes import image_plane, plane_to_image, width_plane
from recon.wire.slice_message import SliceMessage, answer_reader, slice_messages

CHECK = Check("noise_level", 21.5, 1.5, None, "HU", Verdict.REVIEW, "noise of the input")
read_answer = answer_reader(ct_pb2.DenoiseResponse)


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
