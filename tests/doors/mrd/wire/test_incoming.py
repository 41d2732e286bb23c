"""Bytes come in whatever pieces, and what was handed out stays."""

from __future__ import annotations

import io

import numpy as np
import pytest

from recon.doors.mrd.wire import Close, read_messages
from tests.doors.mrd.wire.samples import EVERY, acquisition, read, written


@pytest.mark.parametrize("piece", [1, 7])
def test_a_source_that_gives_little_at_a_time(piece) -> None:
    data = io.BytesIO(written(*EVERY))

    class Slow:
        def readinto(self, buffer):
            return data.readinto(memoryview(buffer)[:piece])

    assert len(list(read_messages(Slow()))) == len(EVERY)


def test_memory_that_was_handed_out_is_not_written_again() -> None:
    sent = [acquisition(32, 512) for _ in range(200)]
    found = [block.samples[row] for block in read(written(*sent, Close()))[:-1] for row in range(len(block))]
    assert all(np.array_equal(a, b.samples[0]) for a, b in zip(found, sent, strict=True))
