"""Readouts arrive as they were sent: samples, counts and trajectory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recon.tasks.mr.readouts import ReadoutAssembler
from recon.values.readouts import Readouts
from recon.wire import readouts as module
from recon.wire.readouts import messages_of

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 7))


@settings(max_examples=60)
@given(data=st.data(), shape=SHAPES, curved=st.booleans())
def test_what_is_sent_arrives(data, shape, curved) -> None:
    lines, coils, samples = shape
    counts = data.draw(arrays.arrays(np.uint16, (lines, samples), elements=st.integers(0, 3)))
    if not counts.any():
        counts[0] = 1
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    values = (rng.integers(-3, 3, shape) + 1j * rng.integers(-3, 3, shape)).astype(np.complex64)
    values *= (counts > 0)[:, None]  # zeros among them are samples
    path = rng.uniform(-0.5, 0.5, (lines, samples, 2)).astype(np.float32)
    path[~counts.any(axis=1)] = 0
    sent = Readouts(values, counts, path if curved else None)
    assembler = ReadoutAssembler(coils, samples, lines, 1, cartesian=not curved)
    *before, last = [assembler.add(message) for message in messages_of(0, sent)]
    assert before == [None] * len(before)
    _, got = last
    np.testing.assert_array_equal(got.samples, sent.samples)
    np.testing.assert_array_equal(got.counts, sent.counts)
    if curved:
        np.testing.assert_array_equal(got.trajectory, sent.trajectory)


def test_a_slice_is_cut_into_messages_that_fit(monkeypatch) -> None:
    monkeypatch.setattr(module, "PIECE_BYTES", 2000)
    sent = Readouts.of_grid(np.ones((3, 16, 20), np.complex64))
    messages = list(messages_of(4, sent))
    assert len(messages) == 7
    assert [m.last_in_slice for m in messages] == [False] * 6 + [True]
    assert all(len(m.data) <= 2000 and m.slice_index == 4 and not m.counts for m in messages)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3, 1)])
def test_counts_of_another_shape_are_refused(shape) -> None:
    with pytest.raises(ValueError, match="counts"):
        Readouts(np.zeros((4, 2, 3), np.complex64), np.zeros(shape, np.uint16))
