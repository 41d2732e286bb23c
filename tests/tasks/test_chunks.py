from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.tasks.chunks import SliceAssembler
from recon.v1.common_pb2 import Chunk

FLOAT = np.dtype("<f4")


@given(st.lists(st.integers(1, 63), max_size=6, unique=True))
def test_however_a_slice_is_cut_it_comes_out_whole(cuts: list[int]) -> None:
    values = np.arange(16, dtype="<f4")
    data, bounds = values.tobytes(), [0, *sorted(cuts), 64]
    assembler = SliceAssembler(4, 4, 1, FLOAT)
    results = [
        assembler.add(Chunk(slice_index=0, offset_bytes=a, data=data[a:b]))
        for a, b in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    assert all(result is None for result in results[:-1])
    np.testing.assert_array_equal(results[-1], values.reshape(4, 4))
    assert assembler.complete


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        (Chunk(slice_index=1, data=b"\0" * 64), "expected slice 0"),
        (Chunk(slice_index=0, offset_bytes=4, data=b"\0" * 4), "expected slice 0, byte 0"),
        (Chunk(slice_index=0, data=b"\0" * 65), "runs over"),
        (Chunk(slice_index=0, data=b""), "has 0 bytes"),
        (Chunk(slice_index=0, data=b"\0" * (4 * 1024 * 1024 + 1)), "1 to 4 MiB"),
    ],
)
def test_what_must_not_come_next_is_refused(chunk: Chunk, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        SliceAssembler(4, 4, 2, FLOAT).add(chunk)


def test_nothing_may_follow_the_last_slice() -> None:
    assembler = SliceAssembler(4, 4, 1, FLOAT)
    assembler.add(Chunk(data=b"\0" * 64))
    with pytest.raises(InvalidRequest, match="all 1 slices"):
        assembler.add(Chunk(slice_index=1, data=b"\0" * 64))


def test_tiny_chunks_take_no_more_memory_than_the_slice() -> None:
    assembler = SliceAssembler(256, 256, 1, FLOAT)
    tracemalloc.start()
    for offset in range(0, 256 * 1024 - 2, 2):
        assembler.add(Chunk(slice_index=0, offset_bytes=offset, data=b"ab"))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 400_000
    assert assembler.add(Chunk(slice_index=0, offset_bytes=256 * 1024 - 2, data=b"ab")) is not None
