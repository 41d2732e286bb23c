"""A scan as its readouts come in: they are put together into slices that can be reconstructed on their own."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from recon.arrays import FloatImage, IntegerArray
from recon.doors.mrd.coming import Coming
from recon.doors.mrd.wire import Block
from recon.errors import TooManyRequests
from recon.io.mrd.acquisitions import CALIBRATION_ONLY, FOREIGN, NOISE, SURFACE_COIL, Acquisitions, Field
from recon.io.mrd.header import ScanHeader

#: Encoding, contrast, phase, repetition, set and slice.
Key: TypeAlias = tuple[int, ...]
_COUNTERS = ("contrast", "phase", "repetition", "set", "slice")
_LAST_IN_SLICE = 7
_WITH_OWN_CALIBRATION = ("separate", "external")
_ON_A_GRID = ("cartesian", "epi")
#: Beyond which slices that are done are let go, the oldest first.
_MOST_DONE_BYTES = 2**30
#: Slices whose readouts go up one by one at a time; those of others wait until they are whole.
_MOST_COMING = 2


@dataclass(frozen=True)
class Portion:
    """All readouts of one slice, or of one slab of a 3D scan, with what is needed to reconstruct them.

    Attributes
    ----------
    name
        For a person.
    blocks
        Noise, calibration and image readouts.
    first
        Header of the first readout of the image.
    slab
        Whether the slices are encoded in the third direction.
    notes
        What a person should know.
    came_as
        The same slice as it came, where its readouts went up one by one.
    """

    name: str
    blocks: list[Block]
    first: Any
    slab: bool
    notes: tuple[str, ...] = ()
    came_as: Coming | None = None

    @property
    def acquisitions(self) -> Acquisitions:
        """The readouts as a table; raises what :func:`table_of` does."""
        return table_of(self.blocks, self.name)


class Scan:
    """The readouts so far.

    Parameters
    ----------
    header
        Of the scan.
    earlier
        Gives the readouts of an earlier noise scan; asked where the scan has none of its own.
    most_bytes
        That it may hold. Slices that are done are held as long as there is room, in case more of them comes.

    Attributes
    ----------
    noise
        Readouts of the scan's own noise scan.
    left_out, too_late
        Readouts that are none of an image, and those of slices that were done and let go.
    """

    def __init__(self, header: ScanHeader, earlier: Callable[[], list[Block]], most_bytes: int) -> None:
        self.noise: list[Block] = []
        self.left_out = self.too_late = 0
        self._header, self._earlier, self._most = header, earlier, most_bytes
        self._slices: defaultdict[Key, list[Block]] = defaultdict(list)
        self._calibration: defaultdict[tuple[int, int], list[Block]] = defaultdict(list)
        self._coming: dict[Key, Coming] = {}
        self._done: dict[Key, int] = {}
        self._spare: deque[Key] = deque()
        self._late: set[Key] = set()
        self._released: set[Key] = set()
        self._held = 0

    @property
    def is_empty(self) -> bool:
        """Whether no readout has come that an image could be made of."""
        return not self._slices and not self._calibration

    def add(self, block: Block) -> Iterator[Coming | Portion]:
        """Take readouts; gives slices that begin and go up as they come, and slices that are complete.

        Raises
        ------
        TooManyRequests
            When the slices that are not finished are larger than what may be held.
        """
        heads = block.heads
        flags = np.ascontiguousarray(heads["flags"])
        noise = _flagged(flags, NOISE)
        foreign = _flagged(flags, *FOREIGN) & ~noise
        if self._header.coils and block.samples.shape[1] != self._header.coils:
            foreign |= _flagged(flags, SURFACE_COIL) & ~noise
        calibration = _flagged(flags, CALIBRATION_ONLY) & ~noise & ~foreign
        counters = heads["idx"]
        keys = np.stack(
            [noise, foreign, calibration, heads["encoding_space_ref"], *(counters[c] for c in _COUNTERS)], 1
        )
        cuts = (keys[1:] != keys[:-1]).any(axis=1) | _flagged(flags[:-1], _LAST_IN_SLICE)
        starts = [0, *(np.flatnonzero(cuts) + 1).tolist(), len(heads)]
        for start, stop in zip(starts, starts[1:], strict=False):
            some = block[start:stop]
            self._hold(some.nbytes)
            key = tuple(keys[start, 3:].tolist())
            if noise[start]:
                self.noise.append(some.copy())
            elif foreign[start]:
                self.left_out += len(some)
            elif calibration[start]:
                self._calibration[key[0], key[-1]].append(some)
                for other, coming in self._coming.items():
                    if (other[0], other[-1]) == (key[0], key[-1]):
                        coming.give_up()
            else:
                yield from self._add_to_slice(key, some, last=bool(_flagged(flags[stop - 1 : stop], _LAST_IN_SLICE)))

    def _add_to_slice(self, key: Key, block: Block, *, last: bool) -> Iterator[Coming | Portion]:
        if key in self._released:
            self.too_late += len(block)
            return
        begins = key not in self._slices
        self._slices[key].append(block)
        if key in self._done:
            self._late.add(key)
        elif begins and self._may_go_up(key, block):
            self._coming[key] = coming = Coming(self._name(key), self.noise or self._earlier(), block)
            yield coming
        elif key in self._coming:
            self._coming[key].add(block)
        if not self._late and last and self._may_end(key, block.heads[-1]):
            self._done[key] = self._count(key)
            self._spare.append(key)
            yield self._portion(key)

    def rest(self, incomplete: str = "") -> Iterator[Portion]:
        """The slices that are not done, or were taken to be done too early, when no readout will come any more.

        Parameters
        ----------
        incomplete
            Why readouts may be missing; empty after a proper end.
        """
        if not self._slices:  # a scan of calibration readouts alone shows those
            for (encoding, number), readouts in self._calibration.items():
                self._slices[encoding, 0, 0, 0, 0, number] = readouts
            self._calibration.clear()
        notes = (incomplete,) if incomplete else ()
        for key in sorted(self._slices, key=lambda key: (key not in self._coming, key)):
            if key not in self._done:
                yield self._portion(key, *notes)
            elif key in self._late:
                more = self._count(key) - self._done[key]
                yield self._portion(
                    key, f"made again with {more} readouts that came after the slice's last; replaces the earlier image"
                )

    def stop(self) -> None:
        """Nothing of what is still coming is wanted any more."""
        for coming in self._coming.values():
            coming.end(None)
        self._coming.clear()

    def _may_go_up(self, key: Key, block: Block) -> bool:
        """Whether readouts of a slice can be used one by one: lines of a grid in a plane, and nothing beside them."""
        if len(self._coming) >= _MOST_COMING or self._late or key[0] >= len(self._header.encodings):
            return False
        encoding = self._header.encodings[key[0]]
        on_a_grid = encoding.trajectory in _ON_A_GRID and encoding.encoded.matrix[2] == 1 and block.trajectories is None
        calibrated = self._waits_for_calibration(key) or (key[0], key[-1]) in self._calibration
        return on_a_grid and not calibrated

    def _may_end(self, key: Key, head: Any) -> bool:
        """Whether the last readout of a slice is the last: of all averages, and after its calibration."""
        limits = getattr(getattr(self._described(key), "encodingLimits", None), "average", None)
        if limits is not None and int(head["idx"]["average"]) < int(limits.maximum):
            return False
        return not self._waits_for_calibration(key) or (key[0], key[-1]) in self._calibration

    def _waits_for_calibration(self, key: Key) -> bool:
        mode = getattr(getattr(self._described(key), "parallelImaging", None), "calibrationMode", None)
        return str(getattr(mode, "value", mode)).lower() in _WITH_OWN_CALIBRATION

    def _described(self, key: Key) -> Any:
        """The encoding as the header describes it; None where it does not."""
        document = self._header.document
        encodings = document.encoding if document is not None else []
        return encodings[key[0]] if key[0] < len(encodings) else None

    def _count(self, key: Key) -> int:
        return sum(map(len, self._slices[key]))

    def _name(self, key: Key) -> str:
        words = [f"{name} {value}" for name, value in zip(_COUNTERS, key[1:], strict=True) if value]
        return ", ".join([f"slice {key[-1]}", *(word for word in words if not word.startswith("slice"))])

    def _portion(self, key: Key, *notes: str) -> Portion:
        encoding = key[0]
        matrix = self._header.encodings[encoding].encoded.matrix if encoding < len(self._header.encodings) else (1,) * 3
        own, name = self._slices[key], self._name(key)
        calibration = self._calibration.get((encoding, key[-1]), [])
        coming = self._coming.pop(key, None)
        noise = coming.noise if coming is not None else self.noise or self._earlier()
        whole = Portion(name, [*noise, *calibration, *own], own[0].heads[0], matrix[2] > 1, notes, coming)
        if coming is not None:
            coming.end(whole)
        return whole

    def _hold(self, size: int) -> None:
        self._held += size
        while self._spare and self._held > min(self._most, _MOST_DONE_BYTES):
            key = self._spare.popleft()
            if key not in self._late:
                self._held -= sum(block.nbytes for block in self._slices[key])
                self._slices[key] = []
                self._released.add(key)
        if self._held > self._most:
            raise TooManyRequests(
                f"slices that are not finished have {self._held / 2**30:.1f} GiB; at most {self._most / 2**30:.1f}"
            )


def _flagged(flags: Any, *bits: int) -> Any:
    return (flags & np.uint64(sum(1 << bit for bit in bits))) != 0


def table_of(blocks: list[Block], name: str) -> Acquisitions:
    """Readouts as the readers of raw data take them.

    Raises
    ------
    UnreadableInput
        When one discards more samples than it has.
    """
    heads = np.concatenate([block.heads for block in blocks])
    places = np.cumsum([0, *map(len, blocks)])

    def stored(members: IntegerArray, field: Field) -> Iterator[tuple[int, FloatImage]]:
        for index in np.sort(members):
            at = int(np.searchsorted(places, index, "right")) - 1
            block, row = blocks[at], int(index - places[at])
            values = block.samples if field == "data" else block.trajectories
            flat = np.zeros(0, np.float32) if values is None else np.ascontiguousarray(values[row]).ravel()
            yield int(index), flat.view(np.float32)

    return Acquisitions(name, heads, stored)
