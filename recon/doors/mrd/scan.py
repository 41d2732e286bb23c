"""A scan as its readouts come in: they are put together into slices that can be reconstructed on their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from recon.doors.mrd.wire import Acquisition
from recon.doors.mrd.wire.layout import ACQUISITION_HEAD
from recon.errors import TooManyRequests
from recon.io.mrd.acquisitions import CALIBRATION_ONLY, FOREIGN, NOISE, SURFACE_COIL, Acquisitions, Field, Flat, Indices
from recon.io.mrd.header import ScanHeader

#: Encoding, contrast, phase, repetition, set and slice.
Key: TypeAlias = tuple[int, ...]
_COUNTERS = ("contrast", "phase", "repetition", "set", "slice")
_LAST_IN_SLICE = 1 << 7
_FOREIGN = sum(1 << bit for bit in FOREIGN)
_WITH_OWN_CALIBRATION = ("separate", "external")


@dataclass(frozen=True)
class Portion:
    """All readouts of one slice, or of one slab of a 3D scan, with what is needed to reconstruct them.

    Attributes
    ----------
    name
        For a person.
    acquisitions
        Noise, calibration and image readouts.
    first
        Header of the first readout of the image.
    slab
        Whether the slices are encoded in the third direction.
    notes
        What a person should know.
    """

    name: str
    acquisitions: Acquisitions
    first: Any
    slab: bool
    notes: tuple[str, ...] = ()


class Scan:
    """The readouts so far.

    Parameters
    ----------
    header
        Of the scan.
    earlier
        Gives the readouts of an earlier noise scan; asked where the scan has none of its own.
    most_bytes
        That it may hold; slices that are done go first.

    Attributes
    ----------
    noise
        Readouts of the scan's own noise scan.
    left_out, too_late
        Readouts that are none of an image, and those of slices that were done and let go.
    """

    def __init__(self, header: ScanHeader, earlier: Callable[[], list[Acquisition]], most_bytes: int) -> None:
        self.noise: list[Acquisition] = []
        self.left_out = self.too_late = 0
        self._header, self._earlier, self._most = header, earlier, most_bytes
        self._slices: defaultdict[Key, list[Acquisition]] = defaultdict(list)
        self._calibration: defaultdict[tuple[int, int], list[Acquisition]] = defaultdict(list)
        self._done: dict[Key, int] = {}
        self._late: set[Key] = set()
        self._released: set[Key] = set()
        self._held = 0

    @property
    def is_empty(self) -> bool:
        """Whether no readout has come that an image could be made of."""
        return not self._slices and not self._calibration

    def add(self, acquisition: Acquisition) -> Portion | None:
        """Take a readout; returns the slice that it completes.

        Raises
        ------
        TooManyRequests
            When the slices that are not finished are larger than what may be held.
        """
        head = acquisition.head
        flags = int(head["flags"])
        self._hold(acquisition)
        if flags >> NOISE & 1:
            self.noise.append(acquisition)
            return None
        coils = self._header.coils
        other_coil = coils and flags >> SURFACE_COIL & 1 and int(head["active_channels"]) != coils
        if flags & _FOREIGN or other_coil:
            self.left_out += 1
            return None
        key = (int(head["encoding_space_ref"]), *(int(head["idx"][name]) for name in _COUNTERS))
        if flags >> CALIBRATION_ONLY & 1:
            self._calibration[key[0], key[-1]].append(acquisition)
            return None
        if key in self._released:
            self.too_late += 1
            return None
        self._slices[key].append(acquisition)
        if key in self._done:
            self._late.add(key)
            return None
        if self._late or not flags & _LAST_IN_SLICE or not self._may_end(key, head):
            return None
        self._done[key] = len(self._slices[key])
        return self._portion(key)

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
        for key in sorted(self._slices):
            if key not in self._done:
                yield self._portion(key, *notes)
            elif key in self._late:
                more = len(self._slices[key]) - self._done[key]
                yield self._portion(
                    key, f"made again with {more} readouts that came after the slice's last; replaces the earlier image"
                )

    def _may_end(self, key: Key, head: Any) -> bool:
        """Whether the last readout of a slice is the last: of all averages, and after its calibration."""
        document = self._header.document
        encodings = document.encoding if document is not None else []
        encoding = encodings[key[0]] if key[0] < len(encodings) else None
        limits = getattr(getattr(encoding, "encodingLimits", None), "average", None)
        if limits is not None and int(head["idx"]["average"]) < int(limits.maximum):
            return False
        mode = getattr(getattr(encoding, "parallelImaging", None), "calibrationMode", None)
        waits = str(getattr(mode, "value", mode)).lower() in _WITH_OWN_CALIBRATION
        return not waits or (key[0], key[-1]) in self._calibration

    def _portion(self, key: Key, *notes: str) -> Portion:
        encoding, *counters = key
        matrix = self._header.encodings[encoding].encoded.matrix if encoding < len(self._header.encodings) else (1,) * 3
        own = self._slices[key]
        noise = self.noise or self._earlier()
        readouts = [*noise, *self._calibration.get((encoding, key[-1]), []), *own]
        words = [f"{name} {value}" for name, value in zip(_COUNTERS, counters, strict=True) if value]
        name = ", ".join([f"slice {key[-1]}", *(word for word in words if not word.startswith("slice"))])
        return Portion(name, table_of(readouts, name), own[0].head, matrix[2] > 1, notes)

    def _hold(self, acquisition: Acquisition) -> None:
        self._held += acquisition.nbytes
        if self._held <= self._most:
            return
        for key in [key for key in self._done if key not in self._late | self._released]:
            self._held -= sum(readout.nbytes for readout in self._slices[key])
            self._slices[key] = []
            self._released.add(key)
        if self._held > self._most:
            raise TooManyRequests(
                f"slices that are not finished have {self._held / 2**30:.1f} GiB; at most {self._most / 2**30:.1f}"
            )


def table_of(readouts: list[Acquisition], name: str) -> Acquisitions:
    """Readouts as the readers of raw data take them.

    Raises
    ------
    UnreadableInput
        When one discards more samples than it has.
    """
    heads = np.array([readout.head for readout in readouts], ACQUISITION_HEAD)

    def stored(members: Indices, field: Field) -> Iterator[tuple[int, Flat]]:
        for index in np.sort(members):
            readout = readouts[index]
            if field == "data":
                yield int(index), readout.samples.view(np.float32).ravel()
            else:
                path = readout.trajectory
                yield int(index), np.zeros(0, np.float32) if path is None else path.ravel()

    return Acquisitions(name, heads, stored)
