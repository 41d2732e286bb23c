"""Readouts put together: what is let go when memory is short, and what runs of readouts are cut into."""

from __future__ import annotations

import numpy as np
import pytest

from recon.doors.mrd.coming import Coming
from recon.doors.mrd.scan import Portion, Scan
from recon.doors.mrd.wire import Block
from recon.errors import TooManyRequests
from recon.io.mrd.header import parse_header
from tests.doors.mrd.scans import SHAPE, header, noise, readout, slice_readouts

SLICE_BYTES = 3 * SHAPE[0] * SHAPE[1] * 8


def scan_of(slices: float) -> Scan:
    """With room for so many slices."""
    return Scan(parse_header(header().xml, "test"), list, int(slices * SLICE_BYTES))


def portions(scan: Scan, blocks: list[Block]) -> list[Portion]:
    return [found for block in blocks for found in scan.add(block) if isinstance(found, Portion)]


def one_block(blocks: list[Block]) -> Block:
    return Block(np.concatenate([b.heads for b in blocks]), np.concatenate([b.samples for b in blocks]))


def test_the_slices_that_were_done_first_are_let_go_first() -> None:
    scan = scan_of(2.5)
    for index in range(3):
        assert len(portions(scan, list(slice_readouts(index)))) == 1
    more = list(slice_readouts(0))[:2] + list(slice_readouts(2))[:2]
    assert not portions(scan, more)
    assert scan.too_late == 2
    (again,) = scan.rest()
    assert again.name == "slice 2"
    assert "made again with 2 readouts" in again.notes[0]


def test_slices_that_are_not_finished_are_never_let_go() -> None:
    scan = scan_of(1.5)
    portions(scan, list(slice_readouts(0, flagged=False)))
    with pytest.raises(TooManyRequests, match="not finished"):
        portions(scan, list(slice_readouts(1, flagged=False)))


def test_a_block_of_everything_is_cut_where_it_changes() -> None:
    """Noise, two slices with a navigator between them, and the second slice in two repetitions, as one message."""
    navigator = readout(next(slice_readouts(0)).samples[0], flags=1 << 22)
    first, second = list(slice_readouts(0)), list(slice_readouts(1))
    again = list(slice_readouts(1, repetition=1))
    scan = scan_of(100)
    narrow = [Block(b.heads, b.samples[:, :, : SHAPE[0]]) for b in noise(4)]
    found = list(scan.add(one_block([*narrow, *first[:5], navigator, *first[5:], *second, *again])))
    assert [type(one) for one in found] == [Coming, Portion] * 3
    assert [one.name for one in found[1::2]] == ["slice 0", "slice 1", "slice 1, repetition 1"]
    assert scan.left_out == 1
    assert sum(map(len, scan.noise)) == 4
    for one in found[1::2]:
        assert isinstance(one, Portion)
        assert len(one.acquisitions.heads) == 4 + SHAPE[1]
