"""Readouts go up as they come, and make the image that they make as a whole."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from recon.doors.mrd.coming import Coming
from recon.doors.mrd.scan import Portion, Scan
from recon.doors.mrd.wire import Block, Close, ConfigFile, Image
from recon.errors import ServiceUnavailable
from recon.io.mrd.header import parse_header
from recon.io.mrd.series import series_of
from recon.values.averaging import gathered
from tests.doors.mrd.scans import (
    CALIBRATION,
    LAST_IN_SLICE,
    SHAPE,
    Scanner,
    header,
    images,
    kspace,
    noise,
    readout,
    root_sum_of_squares,
    scan,
    simple_scan,
    slice_readouts,
    values,
)

REVERSED = 1 << 21


def joined(blocks: list[Block]) -> Block:
    return Block(np.concatenate([b.heads for b in blocks]), np.concatenate([b.samples for b in blocks]))


def taken(scan_: Scan, blocks: list[Block]) -> list[Coming | Portion]:
    return [found for block in blocks for found in scan_.add(block)]


def plain(blocks: list[Block]) -> list[Block]:
    return blocks


def reversed_lines(blocks: list[Block]) -> list[Block]:
    for block in blocks[1::2]:
        block.heads["flags"] |= REVERSED
        block.heads["center_sample"] = SHAPE[0] - 1 - SHAPE[0] // 2
        block.samples[:] = block.samples[:, :, ::-1].copy()
    return blocks


def asymmetric(blocks: list[Block]) -> list[Block]:
    cut = [Block(b.heads, b.samples[:, :, 6:].copy()) for b in blocks]
    for block in cut:
        block.heads["number_of_samples"] -= 6
        block.heads["center_sample"] -= 6
        block.heads["discard_post"] = 2
    return cut


def averaged(blocks: list[Block]) -> list[Block]:
    again = [Block(b.heads, b.samples * np.float32(1.5)) for b in blocks[::2]]
    return [blocks[0], *again, *blocks[1:]]


@pytest.mark.parametrize("change", [plain, reversed_lines, asymmetric, averaged])
@pytest.mark.parametrize("oversampled", [False, True])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_lines_one_by_one_are_those_of_the_whole(change, oversampled, size) -> None:
    xml = header().xml
    if oversampled:  # half of the encoded field of view is kept along the readout
        space = "<reconSpace><matrixSize><x>20</x>"
        xml = xml.replace(b"<reconSpace><matrixSize><x>40</x>", space.encode())
        before, recon = xml.split(b"<reconSpace>")
        xml = before + b"<reconSpace>" + recon.replace(b"<fieldOfView_mm><x>40</x>", b"<fieldOfView_mm><x>20</x>")
    parsed = parse_header(xml, "test")
    blocks = change(list(slice_readouts(0, flagged=False)))
    blocks = [joined(blocks[at : at + size]) for at in range(0, len(blocks), size)]
    held = Scan(parsed, list, 2**30)
    begun, *_ = taken(held, [*noise(40), *blocks])
    assert isinstance(begun, Coming)
    (whole,) = held.rest()
    assert whole.came_as is begun
    (series,) = series_of(parsed.document, whole.acquisitions, "test")
    truth = series.kspace.load(0)
    assert series.further is not None
    parts = [series.further(block.heads, block.samples) for block in begun.blocks()]
    found = gathered(parts, truth.samples.shape)
    assert truth.samples.shape[2] == (20 if oversampled else 40)
    np.testing.assert_array_equal(found.counts, truth.counts)
    np.testing.assert_allclose(found.samples, truth.samples, atol=1e-5 * np.abs(truth.samples).max())


def test_readouts_are_up_before_the_slice_is_whole(door, client) -> None:
    """The service has seen half of a slice when the scanner has sent half of it."""
    seen, half = [], threading.Event()

    def watch(parts):
        for part in parts:
            seen.extend(part.lines.tolist())
            if len(seen) >= SHAPE[1] // 2:
                half.set()

    client.watch = watch
    scanner = Scanner(door)
    lines = list(slice_readouts(0))
    scanner.send(ConfigFile("l1-wavelet"), header(), *lines[: SHAPE[1] // 2])
    assert half.wait(10)
    assert seen == list(range(SHAPE[1] // 2))
    scanner.send(*lines[SHAPE[1] // 2 :], Close())
    (image,) = images(scanner.answers(), 99)
    truth = root_sum_of_squares()
    np.testing.assert_allclose(values(image), truth, atol=truth.max() / 1000)
    scanner.vanish()


def test_what_fails_as_it_comes_is_made_of_the_whole(door, client) -> None:
    def fail(parts):
        raise ServiceUnavailable("restarting")

    client.watch = fail
    answers = scan(door, simple_scan(2, "l1-wavelet"))
    assert len(images(answers, 99)) == 2
    assert not any(str(answer).startswith("ERR") for answer in answers)


def test_calibration_that_comes_in_between_is_used(door, client) -> None:
    data = kspace()
    lines = [readout(data[:, :, line], line, LAST_IN_SLICE if line == 30 else 0) for line in range(0, 32, 2)]
    extra = [readout(data[:, :, line], line, CALIBRATION) for line in range(10, 22)]
    scan(door, [ConfigFile("l1-wavelet"), header(), *lines[:4], *extra, *lines[4:]])
    assert client.calls[-1].coming is None
    assert client.calls[-1].load(0).mask.any(axis=1).sum() == 16 + 6


def test_slices_without_an_end_do_not_hold_up_the_others(door) -> None:
    """Two slices break off; those after them come back while the scan goes on."""
    scanner = Scanner(door)
    scanner.send(ConfigFile("l1-wavelet"), header())
    for index in range(3):
        scanner.send(*list(slice_readouts(index))[:-1])
    scanner.send(*slice_readouts(3))
    first = scanner.next()
    while not isinstance(first, Image):
        first = scanner.next()
    assert first.head["slice"] == 3
    scanner.send(Close())
    assert sorted(int(image.head["slice"]) for image in images(scanner.answers(), 99)) == [0, 1, 2]
    scanner.vanish()
