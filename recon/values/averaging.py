"""Readouts that come several times become their mean, once and in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from recon.arrays import Counts, IntegerArray
from recon.values.readouts import ReadoutPart, Readouts
from recon.volumes import ComplexImage, FloatImage

_MOST = np.iinfo(np.uint16).max


def gathered(parts: Iterable[ReadoutPart], shape: tuple[int, int, int]) -> Readouts:
    """The slice of shape (lines, coils, samples) that parts on a Cartesian grid make."""
    averaging = Averaging(*shape)
    for part in parts:
        averaging.add(part.lines, part.values, part.counts)
    return averaging.mean()


class Averaging:
    """The lines of a slice while they come in, in any order and any number of times.

    Parameters
    ----------
    lines, coils, samples
        Of the slice.
    curved
        Whether each readout brings its trajectory.
    """

    def __init__(self, lines: int, coils: int, samples: int, *, curved: bool = False) -> None:
        self._samples = np.zeros((lines, coils, samples), np.complex64)
        self._counts = np.zeros((lines, samples), np.int64)
        self._trajectory = np.zeros((lines, samples, 2), np.float32) if curved else None
        # a line that came once is kept as it is; only sums are divided
        self._summed = np.zeros(lines, bool)
        #: How often each line came, (lines,).
        self.came = np.zeros(lines, np.int64)

    def add_part(self, line: int, start: int, values: ComplexImage) -> None:
        """One measurement of part of a line: values (coils, samples) from sample ``start`` on."""
        where = slice(start, start + values.shape[1])
        self._samples[line, :, where] += values
        self._counts[line, where] += 1
        self._summed[line] = True
        self.came[line] += 1

    def add(self, lines: IntegerArray, values: ComplexImage, counts: Counts | None = None) -> None:
        """Whole lines.

        Parameters
        ----------
        lines
            (n,) places of the readouts.
        values
            (n, coils, samples).
        counts
            (n, samples), of how many measurements each sample is the mean; None for one each.
        """
        again = len(np.unique(lines)) < len(lines) or bool(self.came[lines].any())
        self.came += np.bincount(lines, minlength=len(self.came))
        if not again:
            self._samples[lines] = values if counts is None else values * (counts > 0)[:, None]
            self._counts[lines] = 1 if counts is None else counts
            return
        means = np.unique(lines[~self._summed[lines]])
        self._samples[means] *= np.maximum(self._counts[means], 1).astype(np.float32)[:, None]
        self._summed[lines] = True
        for some in _each_once(lines):
            given = values[some] if counts is None else values[some] * counts[some].astype(np.float32)[:, None]
            self._samples[lines[some]] += given
            self._counts[lines[some]] += 1 if counts is None else counts[some]

    def other_path(self, lines: IntegerArray, paths: FloatImage) -> int | None:
        """The first of these lines that came already along another path than (n, samples, 2); None where none did."""
        assert self._trajectory is not None
        first: dict[int, FloatImage] = {}
        for line, path in zip(lines.tolist(), paths, strict=True):
            known = self._trajectory[line] if self.came[line] else first.setdefault(line, path)
            if not np.array_equal(known, path):
                return int(line)
        return None

    def place(self, lines: IntegerArray, paths: FloatImage) -> None:
        """Where lines lie in k-space, (n, samples, 2)."""
        assert self._trajectory is not None
        self._trajectory[lines] = paths

    def mean(self) -> Readouts:
        """The readouts; no more may be added."""
        for line in np.flatnonzero(self._summed & (self._counts > 1).any(axis=1)):
            # line by line: whoever waits for this thread to let go of the interpreter does not wait for all of them
            self._samples[line] /= np.maximum(self._counts[line], 1).astype(np.float32)
        return Readouts(self._samples, np.minimum(self._counts, _MOST).astype(np.uint16), self._trajectory)


def _each_once(lines: IntegerArray) -> Iterator[IntegerArray]:
    """Places in ``lines`` in groups, in each of which a line comes once."""
    order = np.argsort(lines, kind="stable")
    begins = np.flatnonzero(np.diff(lines[order], prepend=-1))
    before = np.arange(len(lines)) - np.repeat(begins, np.diff(begins, append=len(lines)))
    for time in range(int(before.max(initial=-1)) + 1):
        yield np.sort(order[before == time])
