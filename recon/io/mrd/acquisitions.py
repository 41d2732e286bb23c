"""Readouts of an ISMRMRD scan: their headers, flags and samples; Inati et al., MRM 77:411 (2017)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from recon.arrays import FloatImage, IntegerArray, Mask
from recon.errors import ReconError, UnreadableInput, UnusableData
from recon.volumes import ComplexImage

#: What is stored of a readout beside its header, flat: real and imaginary parts, or positions in k-space.
Field: TypeAlias = Literal["data", "traj"]
#: Gives index and field of readouts, in ascending order.
Stored = Callable[[IntegerArray, Field], Iterator[tuple[int, FloatImage]]]

# bits of an acquisition's flags, from 0
NOISE, CALIBRATION_ONLY, REVERSE = 18, 19, 21
#: Navigation, phase correction, feedback (HP and RT), dummies, phase stabilisation and its reference:
#: readouts between the image's lines that are none.
FOREIGN = (22, 23, 25, 26, 27, 29, 30)
SURFACE_COIL = 28
_TELLING = ("measurement_uid", "acquisition_time_stamp", "position", "number_of_samples")


@dataclass(frozen=True)
class Acquisitions:
    """The readouts of a scan, in memory or on disk.

    Attributes
    ----------
    name
        Of their source, for messages.
    heads
        Their headers, as the format lays them out.
    stored
        Gives their samples and trajectories.

    Raises
    ------
    UnreadableInput
        When a readout discards more samples than it has.
    """

    name: str
    heads: Any
    stored: Stored

    def __post_init__(self) -> None:
        discarded = self.heads["discard_pre"].astype(int) + self.heads["discard_post"]
        wrong = np.flatnonzero(discarded > self.heads["number_of_samples"])
        if len(wrong):
            raise UnreadableInput(f"{self.name}: acquisition {int(wrong[0])} discards more samples than it has")

    @property
    def fingerprint(self) -> str:
        """What tells this scan from another: when and where it was measured, and the noise of its first readout."""
        digest = hashlib.sha256()
        for name in _TELLING:
            if name in (self.heads.dtype.names or ()):
                digest.update(np.ascontiguousarray(self.heads[name]).tobytes())
        with suppress(ReconError):  # damaged: whoever wants that readout is told so
            for _, values in self.stored(np.arange(1), "data"):
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def flagged(self, *bits: int) -> Mask:
        """Which readouts carry any of these flags."""
        wanted = np.uint64(sum(1 << bit for bit in bits))
        return np.asarray((self.heads["flags"] & wanted) != 0)

    def samples(self, members: IntegerArray) -> Iterator[tuple[int, ComplexImage]]:
        """Index and samples (coils, samples) of readouts, as if all were read forwards, without discarded ones.

        Raises
        ------
        UnreadableInput
            When one has not the size that its header says.
        UnusableData
            When samples are NaN or infinite.
        """
        reverse = self.flagged(REVERSE)
        for index, values in self.stored(members, "data"):
            head = self.heads[index]
            readout = self.shaped(index, values)
            if not np.isfinite(readout).all():
                bad = int(readout.size - np.isfinite(readout).sum())
                raise UnusableData(
                    f"{self.name}: acquisition {index} has {bad} NaN or infinite samples; acquire or export it again"
                )
            inner = readout[:, int(head["discard_pre"]) : readout.shape[1] - int(head["discard_post"])]
            yield index, inner[:, ::-1] if reverse[index] else inner

    def shaped(self, index: int, values: FloatImage) -> ComplexImage:
        """All samples (coils, samples) of a readout as its header says.

        Raises
        ------
        UnreadableInput
            When they are more or fewer.
        """
        head = self.heads[index]
        coils, count = int(head["active_channels"]), int(head["number_of_samples"])
        if values.size != 2 * coils * count:
            raise UnreadableInput(
                f"{self.name}: acquisition {index} has {values.size // 2} samples; its header says {coils} x {count}"
            )
        return np.ascontiguousarray(values, np.float32).view(np.complex64).reshape(coils, count)

    def trajectories(self, members: IntegerArray) -> Iterator[tuple[int, FloatImage]]:
        """Index and trajectory (samples, dimensions) of readouts, in the order of :meth:`samples`."""
        reverse = self.flagged(REVERSE)
        for index, values in self.stored(members, "traj"):
            head = self.heads[index]
            count, dimensions = int(head["number_of_samples"]), int(head["trajectory_dimensions"])
            if not dimensions or values.size != count * dimensions:
                raise UnreadableInput(
                    f"{self.name}: acquisition {index} has a trajectory of {values.size} numbers; "
                    f"its header says {count} x {dimensions}"
                )
            path = np.asarray(values, np.float32).reshape(count, dimensions)
            inner = path[int(head["discard_pre"]) : count - int(head["discard_post"])]
            yield index, inner[::-1] if reverse[index] else inner

    def span(self, members: IntegerArray) -> tuple[IntegerArray, IntegerArray]:
        """First sample relative to the centre of k-space and number of samples, read forwards."""
        used = self.heads[members]
        count = used["number_of_samples"].astype(np.int64)
        before, after = used["discard_pre"].astype(np.int64), used["discard_post"].astype(np.int64)
        centre = used["center_sample"].astype(np.int64)
        left = np.where(self.flagged(REVERSE)[members], centre - (count - 1) + after, before - centre)
        return left, count - before - after


def runs(members: IntegerArray, most: int) -> Iterator[IntegerArray]:
    """Ascending members in pieces of which at least a quarter of the range is wanted."""
    members = np.sort(members)
    start = 0
    while start < len(members):
        stop = start + 1
        while (
            stop < len(members)
            and members[stop] - members[start] < most
            and members[stop] - members[start] < 4 * (stop - start + 1)
        ):
            stop += 1
        yield members[start:stop]
        start = stop
