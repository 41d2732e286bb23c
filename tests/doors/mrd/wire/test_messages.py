"""Acquisitions of one size are one value."""

from __future__ import annotations

import pytest

from recon.doors.mrd.wire import Close
from tests.doors.mrd.wire.samples import acquisition, read, same, written


@pytest.mark.parametrize("dimensions", [0, 2])
def test_acquisitions_of_one_size_that_came_together_are_one_message(dimensions) -> None:
    some = [acquisition(4, 6, dimensions) for _ in range(5)]
    other = acquisition(2, 6)
    first, odd, last, close = read(written(*some[:3], other, *some[3:], Close()))
    assert (len(first), len(odd), len(last), close) == (3, 1, 2, Close())
    for block, single in zip([first[0:1], first[1:2], first[2:3], last[0:1], last[1:2]], some, strict=True):
        assert same(block, single)
    assert written(first) == written(*some[:3])
