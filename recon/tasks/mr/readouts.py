"""Puts readouts together into the k-space of slices, bounded whatever is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest, TooManyRequests
from recon.volumes import ComplexImage, FloatImage
from recon.wire.messages import CHUNK_BYTES

#: Bytes of unfinished slices that one stream may hold; interleaved slices are all unfinished at once.
MOST_OPEN_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class SliceReadouts:
    """All readouts of a slice.

    Attributes
    ----------
    index
        Of the slice.
    kspace
        (lines, coils, samples) complex64, repeated lines averaged, zero where not measured.
    trajectory
        (lines, samples, 2) float32 in cycles per pixel; None for Cartesian lines.
    averaged
        What averaging left of the noise's standard deviation, root mean square over measured lines.
    """

    index: int
    kspace: ComplexImage
    trajectory: FloatImage | None = None
    averaged: float = 1.0


@dataclass
class _Open:
    kspace: ComplexImage
    counts: npt.NDArray[np.int64]
    trajectory: FloatImage | None


class ReadoutAssembler:
    """Holds the slices that have begun and are not finished.

    Parameters
    ----------
    coils, samples, lines, slices
        Of the series.
    averages
        How often a line may come.
    cartesian
        Whether lines have a place of their own; otherwise each comes with its trajectory.
    """

    def __init__(
        self, coils: int, samples: int, lines: int, slices: int, averages: int = 1, *, cartesian: bool = True
    ) -> None:
        self.coils, self.samples, self.lines, self.slices = coils, samples, lines, slices
        self.averages, self.cartesian = averages, cartesian
        self.finished: set[int] = set()
        self._open: dict[int, _Open] = {}
        self._bytes = 8 * coils * samples * lines + (0 if cartesian else 8 * samples * lines)

    def add(self, readouts: Any) -> SliceReadouts | None:
        """Take a ``Readouts`` message; returns the slice that it completes.

        Raises
        ------
        InvalidRequest
            When readouts belong to no slice or line, to a finished slice, come too often, or have another size.
        TooManyRequests
            When more slices are open than fit in memory.
        """
        index, lines = readouts.slice_index, np.array(readouts.lines, np.int64)
        where = f"readouts of slice {index}"
        if index >= self.slices:
            raise InvalidRequest(f"{where}: the series has {self.slices} slices", field="readouts.slice_index")
        if index in self.finished:
            raise InvalidRequest(f"{where}: that slice is finished already", field="readouts.slice_index")
        if len(lines) and lines.max() >= self.lines:
            raise InvalidRequest(f"{where}: line {lines.max()} of {self.lines}", field="readouts.lines")
        values = self._values(readouts, len(lines), where)
        paths = self._paths(readouts, len(lines), where)
        begun = self._slice(index, where)
        counts = begun.counts
        once = len(lines) > 0 and len(np.unique(lines)) == len(lines) and not counts[lines].any()
        np.add.at(counts, lines, 1)
        if len(lines) and counts[lines].max() > self.averages:
            line = lines[counts[lines] > self.averages][0]
            raise InvalidRequest(
                f"{where}: line {line} came {counts[line]} times, the header allows {self.averages}; set averages",
                field="readouts.lines",
            )
        if once:
            begun.kspace[lines] = values
        else:
            np.add.at(begun.kspace, lines, values)
        if begun.trajectory is not None:
            begun.trajectory[lines] = paths
        if not readouts.last_in_slice:
            return None
        if not counts.any():
            raise InvalidRequest(f"{where}: finished without any readout", field="readouts.last_in_slice")
        del self._open[index]
        self.finished.add(index)
        if counts.max() > 1:
            begun.kspace /= np.maximum(counts, 1).astype(np.float32)[:, None, None]
        averaged = float(np.sqrt(np.mean(1.0 / counts[counts > 0])))
        return SliceReadouts(index, begun.kspace, begun.trajectory, averaged)

    def _values(self, readouts: Any, count: int, where: str) -> ComplexImage:
        size = len(readouts.data)
        if size > CHUNK_BYTES + 8 * self.coils * self.samples:
            raise InvalidRequest(f"{where}: {size} bytes; at most 4 MiB a message", field="readouts.data")
        if size != 8 * count * self.coils * self.samples:
            per_line = size / (8 * count) if count else 0.0
            found = per_line / self.samples
            words = f"{found:g} coils" if found == int(found) and count else f"{size} bytes"
            raise InvalidRequest(
                f"{where}: {count} readouts with {words}; the header says {self.coils} coils of {self.samples} samples",
                field="readouts.data",
            )
        return np.frombuffer(readouts.data, "<c8").reshape(count, self.coils, self.samples)

    def _paths(self, readouts: Any, count: int, where: str) -> FloatImage | None:
        if self.cartesian:
            if getattr(readouts, "trajectory", b""):
                raise InvalidRequest(
                    f"{where}: a trajectory, and the header says Cartesian", field="readouts.trajectory"
                )
            return None
        size = len(readouts.trajectory)
        if size != 8 * count * self.samples:
            raise InvalidRequest(
                f"{where}: {size} bytes of trajectory; {count} readouts of {self.samples} samples need "
                f"{8 * count * self.samples}",
                field="readouts.trajectory",
            )
        paths = np.frombuffer(readouts.trajectory, "<f4").reshape(count, self.samples, 2)
        if not bool((np.abs(paths) <= 0.5).all()):
            raise InvalidRequest(
                f"{where}: the trajectory leaves -0.5 to 0.5 cycles per pixel, or is no number",
                field="readouts.trajectory",
            )
        return paths

    def _slice(self, index: int, where: str) -> _Open:
        if index not in self._open:
            if (len(self._open) + 1) * self._bytes > max(MOST_OPEN_BYTES, self._bytes):
                raise TooManyRequests(
                    f"{where}: {len(self._open)} slices are unfinished; finish some before the next begins"
                )
            self._open[index] = _Open(
                np.zeros((self.lines, self.coils, self.samples), np.complex64),
                np.zeros(self.lines, np.int64),
                None if self.cartesian else np.zeros((self.lines, self.samples, 2), np.float32),
            )
        return self._open[index]
