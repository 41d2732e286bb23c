"""Puts readouts together into the k-space of slices, bounded whatever is sent."""

from __future__ import annotations

from collections.abc import Callable

from recon.errors import InvalidRequest
from recon.v1 import mr_pb2
from recon.values.averaging import Averaging
from recon.values.readouts import ReadoutPart, Readouts
from recon.wire.readouts import part_of

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
    cartesian
        Whether lines have a place of their own; otherwise each comes with its trajectory.
    """

    def __init__(
        self, coils: int, samples: int, lines: int, slices: int, averages: int = 1, *, cartesian: bool = True
    ) -> None:
        self.coils, self.samples, self.lines, self.slices = coils, samples, lines, slices
        self.averages, self.cartesian = averages, cartesian
        self.finished: set[int] = set()
        #: Told how many bytes more (or less) are held; it may refuse.
        self.grow: Callable[[int], None] = lambda by: None
        self._open: dict[int, Averaging] = {}
        self._bytes = (8 * coils + (8 if cartesian else 16)) * samples * lines

    def add(self, message: mr_pb2.Readouts) -> tuple[int, Readouts] | None:
        """Take readouts; returns number and k-space of the slice that they complete.

        Raises
        ------
        InvalidRequest
            When readouts belong to no slice or line, to a finished slice, come too often, come again along
            another trajectory, have another size, or open more slices than one stream may.
        """
        index = message.slice_index
        where = f"readouts of slice {index}"
        if index >= self.slices:
            raise InvalidRequest(f"{where}: the series has {self.slices} slices", field="readouts.slice_index")
        if index in self.finished:
            raise InvalidRequest(f"{where}: that slice is finished already", field="readouts.slice_index")
        part = part_of(message, self.coils, self.samples, curved=not self.cartesian)
        if len(part.lines) and part.lines.max() >= self.lines:
            raise InvalidRequest(f"{where}: line {part.lines.max()} of {self.lines}", field="readouts.lines")
        begun = self._slice(index, where)
        if len(part.lines):
            self._take(begun, part, where)
        if not message.last_in_slice:
            return None
        if not begun.came.any():
            raise InvalidRequest(f"{where}: finished without any readout", field="readouts.last_in_slice")
        del self._open[index]
        self.grow(-self._bytes)
        self.finished.add(index)
        return index, begun.mean()

    def _take(self, begun: Averaging, part: ReadoutPart, where: str) -> None:
        if part.paths is not None:
            other = begun.other_path(part.lines, part.paths)
            if other is not None:
                raise InvalidRequest(
                    f"{where}: readout {other} came again along another trajectory; give each its own number",
                    field="readouts.trajectory",
                )
            begun.place(part.lines, part.paths)
        begun.add(part.lines, part.values, part.counts)
        often = part.lines[begun.came[part.lines] > self.averages]
        if len(often):
            raise InvalidRequest(
                f"{where}: line {often[0]} came {begun.came[often[0]]} times, the header allows {self.averages}; "
                "set averages",
                field="readouts.lines",
            )

    def _slice(self, index: int, where: str) -> Averaging:
        if index not in self._open:
            most = max(MOST_OPEN_BYTES // self._bytes, 1)
            if len(self._open) >= most:  # the stream's own bound: waiting would not help it
                raise InvalidRequest(
                    f"{where}: {len(self._open)} slices are unfinished, and of this size a stream may hold {most} "
                    f"({MOST_OPEN_BYTES / 2**20:.0f} MiB); finish some (last_in_slice) before the next begins, or send "
                    "the slices in several series",
                    field="readouts.slice_index",
                )
            self.grow(self._bytes)
            self._open[index] = Averaging(self.lines, self.coils, self.samples, curved=not self.cartesian)
        return self._open[index]
