"""Readouts in any order become slices; what does not fit is named."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.tasks.mr import readouts as module
from recon.tasks.mr.readouts import ReadoutAssembler
from recon.v1 import mr_pb2

COILS, SAMPLES, LINES = 3, 32, 40


def readouts(index, lines, values=None, last=False, trajectory=b"", counts=b""):
    values = np.ones((len(lines), COILS, SAMPLES), "<c8") if values is None else values
    return mr_pb2.Readouts(
        slice_index=index,
        lines=lines,
        data=values.astype("<c8").tobytes(),
        last_in_slice=last,
        trajectory=trajectory,
        counts=counts,
    )


@pytest.fixture
def assembler():
    return ReadoutAssembler(COILS, SAMPLES, LINES, 3)


def test_lines_in_any_order_of_interleaved_slices(assembler) -> None:
    rng = np.random.default_rng(0)
    truth = (rng.normal(size=(2, LINES, COILS, SAMPLES)) + 1j).astype(np.complex64)
    order = [(s, line) for s in range(2) for line in range(0, LINES, 2)]
    rng.shuffle(order)
    for s, line in order:
        assert assembler.add(readouts(s, [line], truth[s, line][None])) is None
    for s in (1, 0):
        index, done = assembler.add(readouts(s, [], np.zeros((0, COILS, SAMPLES)), last=True))
        assert index == s
        np.testing.assert_array_equal(done.samples[::2], truth[s, ::2])
        np.testing.assert_array_equal(done.mask.all(axis=1), np.arange(LINES) % 2 == 0)
        assert not done.mask[1::2].any()
    assert assembler.finished == {0, 1}


def test_repeated_lines_are_averaged_when_the_header_allows_it() -> None:
    assembler = ReadoutAssembler(COILS, SAMPLES, LINES, 1, averages=2)
    assembler.add(readouts(0, [5, 5], np.stack([np.full((COILS, SAMPLES), v) for v in (1, 3)])))
    _, done = assembler.add(readouts(0, [6], last=True))
    kspace = done.samples
    assert list(done.counts[5:7, 0]) == [2, 1]
    assert done.averaged == pytest.approx(np.sqrt(0.75))
    assert (kspace[5] == 2).all()
    assert (kspace[6] == 1).all()


def test_what_does_not_fit_is_named(assembler) -> None:
    assembler.add(readouts(0, [5]))
    for bad, words, field in (
        (readouts(0, [5]), "line 5 came 2 times", "readouts.lines"),
        (readouts(0, [7, 7]), "line 7 came 2 times", "readouts.lines"),
        (readouts(0, [LINES]), "line 40 of 40", "readouts.lines"),
        (readouts(3, [0]), "the series has 3 slices", "readouts.slice_index"),
        (readouts(0, [8], np.ones((1, 2, SAMPLES))), "with 2 coils; the header says 3", "readouts.data"),
        (readouts(0, [8], np.ones((1, COILS, 7))), "168 bytes; the header says 3 coils of 32", "readouts.data"),
        (readouts(1, [], np.zeros((0, COILS, SAMPLES)), last=True), "without any readout", "readouts.last_in_slice"),
    ):
        with pytest.raises(InvalidRequest, match=words) as caught:
            assembler.add(bad)
        assert caught.value.field == field


def test_a_finished_slice_takes_no_more(assembler) -> None:
    assembler.add(readouts(0, [5], last=True))
    with pytest.raises(InvalidRequest, match="finished already"):
        assembler.add(readouts(0, [6]))


def test_open_slices_are_bounded(assembler, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN_BYTES", 2 * 8 * (COILS + 1) * SAMPLES * LINES)
    assembler.add(readouts(0, [1]))
    assembler.add(readouts(1, [1]))
    with pytest.raises(InvalidRequest, match=r"2 slices are unfinished.* may hold 2 .*last_in_slice") as caught:
        assembler.add(readouts(2, [1]))  # not one that is worth trying again: the bound is the stream's own
    assert caught.value.field == "readouts.slice_index"
    assembler.add(readouts(0, [2], last=True))
    assembler.add(readouts(2, [1]))


def test_a_trajectory_comes_with_its_readouts() -> None:
    assembler = ReadoutAssembler(COILS, SAMPLES, LINES, 1, cartesian=False)
    path = np.linspace(-0.5, 0.5, 2 * SAMPLES, dtype=np.float32).reshape(1, SAMPLES, 2)
    assembler.add(readouts(0, [4], trajectory=path.tobytes()))
    _, done = assembler.add(readouts(0, [2], trajectory=(path / 2).tobytes(), last=True))
    np.testing.assert_array_equal(done.trajectory[4], path[0])
    np.testing.assert_array_equal(done.trajectory[2], path[0] / 2)


def test_a_trajectory_that_fits_nothing_is_named(assembler) -> None:
    with pytest.raises(InvalidRequest, match="the header says Cartesian"):
        assembler.add(readouts(0, [1], trajectory=b"1234"))
    curved = ReadoutAssembler(COILS, SAMPLES, LINES, 1, cartesian=False)
    for trajectory, words in (
        (b"", "0 bytes of trajectory"),
        (np.full((1, SAMPLES, 2), 0.7, np.float32).tobytes(), "leaves -0.5 to 0.5"),
        (np.full((1, SAMPLES, 2), np.nan, np.float32).tobytes(), "leaves -0.5 to 0.5"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            curved.add(readouts(0, [1], trajectory=trajectory))


def test_means_of_several_measurements_are_kept_and_weighted() -> None:
    def counted(line, value, count, last=False):
        values = np.full((1, COILS, SAMPLES), value)
        return readouts(0, [line], values, last, counts=np.full((1, SAMPLES), count, "<u2").tobytes())

    assembler = ReadoutAssembler(COILS, SAMPLES, LINES, 1, averages=2)
    third = np.float32(1) / np.float32(3)
    for message in (counted(3, third, 3), counted(5, 1, 3), counted(5, 5, 1)):
        assembler.add(message)
    _, done = assembler.add(counted(6, 1, 1, last=True))
    assert (done.samples[3] == third).all()  # not multiplied and divided again
    np.testing.assert_allclose(done.samples[5], 2)
    assert list(done.counts[[3, 5, 6], 0]) == [3, 4, 1]


def test_samples_that_were_not_measured_are_no_samples() -> None:
    counts = np.ones((1, SAMPLES), "<u2")
    counts[:, :8] = 0
    _, done = ReadoutAssembler(COILS, SAMPLES, LINES, 1).add(readouts(0, [4], last=True, counts=counts.tobytes()))
    assert not done.samples[4, :, :8].any()
    assert list(np.flatnonzero(done.mask[4])) == list(range(8, SAMPLES))
    with pytest.raises(InvalidRequest, match="3 bytes of counts"):
        ReadoutAssembler(COILS, SAMPLES, LINES, 1).add(readouts(0, [4], counts=b"123"))


def test_a_zero_is_a_sample() -> None:
    zero = np.zeros((1, COILS, SAMPLES))
    _, done = ReadoutAssembler(COILS, SAMPLES, LINES, 1).add(readouts(0, [4], zero, last=True))
    assert done.mask[4].all()


def test_a_readout_that_comes_again_along_another_trajectory_is_refused() -> None:
    path = np.linspace(-0.5, 0.5, 2 * SAMPLES, dtype=np.float32).reshape(1, SAMPLES, 2)
    assembler = ReadoutAssembler(COILS, SAMPLES, LINES, 1, averages=2, cartesian=False)
    assembler.add(readouts(0, [4], trajectory=path.tobytes()))
    assembler.add(readouts(0, [4], trajectory=path.tobytes()))
    both = np.concatenate([path, -path])
    for message in (readouts(0, [4], trajectory=(-path).tobytes()), readouts(0, [6, 6], trajectory=both.tobytes())):
        with pytest.raises(InvalidRequest, match="another trajectory"):
            assembler.add(message)
