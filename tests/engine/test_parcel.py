"""Values with arrays through a file in memory: the same on the other side, and nobody's but its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recon.engine.parcel import pack, unpack


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = os.memfd_create("parcel")
    yield made
    os.close(made)


@given(st.lists(arrays.arrays(st.sampled_from(["f4", "u1", "c8"]), arrays.array_shapes(max_side=5)), max_size=4))
def test_what_is_packed_is_unpacked(values: list[np.ndarray]) -> None:
    descriptor = os.memfd_create("parcel")
    try:
        pack({"arrays": values, "words": "ü"}, descriptor)
        found = unpack(descriptor)
    finally:
        os.close(descriptor)
    assert found["words"] == "ü"
    for one, other in zip(found["arrays"], values, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_whoever_unpacks_may_write_and_the_file_stays(descriptor: int) -> None:
    pack(np.arange(1000.0), descriptor)
    first = unpack(descriptor)
    assert first.ctypes.data % 64 == 0
    first[:] = -1
    np.testing.assert_array_equal(unpack(descriptor), np.arange(1000.0))
