"""Puts readouts together into the k-space of slices, bounded whatever is sent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest, TooManyRequests
from recon.v1 import mr_pb2
from recon.volumes import ComplexImage
from recon.wire.messages import CHUNK_BYTES

#: Bytes of unfinished slices that one stream may hold; interleaved slices are all unfinished at once.
MOST_OPEN_BYTES = 512 * 1024 * 1024


class ReadoutAssembler:
    """Holds the slices that have begun and are not finished.

    Parameters
    ----------
    coils, samples, lines, slices
        Of the series.
    averages
        How often a line may come.
    """

    def __init__(self, coils: int, samples: int, lines: int, slices: int, averages: int = 1) -> None:
        self.coils, self.samples, self.lines, self.slices = coils, samples, lines, slices
        self.averages = averages
        self.finished: set[int] = set()
        self._open: dict[int, tuple[ComplexImage, npt.NDArray[np.int64]]] = {}
        self._bytes = 8 * coils * samples * lines

    def add(self, readouts: mr_pb2.Readouts) -> tuple[int, ComplexImage] | None:
        """Take readouts; returns the slice that they complete and its k-space (lines, coils, samples).

        Raises
        ------
        InvalidRequest
            When they belong to no slice or line, to a finished slice, come twice, or have another size.
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
        kspace, counts = self._slice(index, where)
        once = len(lines) > 0 and len(np.unique(lines)) == len(lines) and not counts[lines].any()
        np.add.at(counts, lines, 1)
        if len(lines) and counts[lines].max() > self.averages:
            line = lines[counts[lines] > self.averages][0]
            raise InvalidRequest(
                f"{where}: line {line} came {counts[line]} times, the header allows {self.averages}; set averages",
                field="readouts.lines",
            )
        if once:
            kspace[lines] = values
        else:
            np.add.at(kspace, lines, values)
        if not readouts.last_in_slice:
            return None
        if not counts.any():
            raise InvalidRequest(f"{where}: finished without any readout", field="readouts.last_in_slice")
        del self._open[index]
        self.finished.add(index)
        if counts.max() > 1:
            kspace /= np.maximum(counts, 1).astype(np.float32)[:, None, None]
        return index, kspace

    def _values(self, readouts: mr_pb2.Readouts, count: int, where: str) -> ComplexImage:
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

    def _slice(self, index: int, where: str) -> tuple[ComplexImage, npt.NDArray[np.int64]]:
        if index not in self._open:
            if (len(self._open) + 1) * self._bytes > max(MOST_OPEN_BYTES, self._bytes):
                raise TooManyRequests(
                    f"{where}: {len(self._open)} slices are unfinished; finish some before the next begins"
                )
            kspace = np.zeros((self.lines, self.coils, self.samples), np.complex64)
            self._open[index] = kspace, np.zeros(self.lines, np.int64)
        return self._open[index]
