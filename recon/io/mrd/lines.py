"""Cartesian readouts onto the grid of k-space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recon.arrays import Counts, IntegerArray
from recon.errors import UnreadableInput
from recon.io.mrd.acquisitions import REVERSE, Acquisitions
from recon.io.mrd.header import HeaderEncoding, Space
from recon.values.averaging import Averaging
from recon.values.readouts import ReadoutPart
from recon.volumes import ComplexImage

#: How alike separately acquired calibration lines must be to the image's own lines, to complete them.
_ALIKE = 0.9
_MOST_SLICE_BYTES = 2 * 2**30
STEPS = ("kspace_encode_step_1", "kspace_encode_step_2")


@dataclass(frozen=True)
class Grid:
    """Where the readouts of one encoding go.

    Attributes
    ----------
    acquisitions, encoding
        What is put there, and how it was acquired.
    whiten
        (coils, coils) applied to the coils; None where nothing is known of their noise.
    """

    acquisitions: Acquisitions
    encoding: HeaderEncoding
    whiten: ComplexImage | None

    def flattened(self, members: IntegerArray) -> Grid:
        """For slices, where no more than one of the partitions that the header announces was measured."""
        encoded = self.encoding.encoded
        if encoded.matrix[2] == 1 or len(np.unique(self.acquisitions.heads["idx"][STEPS[1]][members])) > 1:
            return self
        # a protocol with slice oversampling says so of single slices too; nothing is encoded along them
        plane = Space((*encoded.matrix[:2], 1), (*encoded.field_mm[:2], self.encoding.recon.field_mm[2]))
        return replace(self, encoding=replace(self.encoding, encoded=plane))

    def place(self, members: IntegerArray, axis: int) -> IntegerArray:
        """Row (axis 1) or partition (axis 2) of readouts, the central step at n // 2."""
        side = self.encoding.encoded.matrix[axis]
        steps = self.acquisitions.heads["idx"][STEPS[axis - 1]][members].astype(np.int64)
        return steps - self.encoding.centre[axis - 1] + side // 2 if side > 1 else np.zeros_like(steps)

    def starts(self, members: IntegerArray) -> tuple[IntegerArray, IntegerArray]:
        """First sample of readouts on the grid, and their number of samples."""
        x = self.encoding.encoded.matrix[0]
        left, count = self.acquisitions.span(members)
        start = left + x // 2
        # converters that give a reversed readout the centre of a forward one are off by a sample
        turned = self.acquisitions.flagged(REVERSE)[members] & (count == x) & (np.abs(start) == 1)
        return np.where(turned, 0, start), count

    def check(self, members: IntegerArray) -> None:
        """Make sure that header and readouts agree.

        Raises
        ------
        UnreadableInput
            Naming the first readout that lies outside.
        """
        path, heads = self.acquisitions.name, self.acquisitions.heads
        x, y, _ = self.encoding.encoded.matrix
        coils = int(heads["active_channels"][members[0]])
        if 8 * x * y * coils > _MOST_SLICE_BYTES:
            raise UnreadableInput(f"{path}: a slice of {x} x {y} with {coils} coils is larger than 2 GiB; too large")
        start, count = self.starts(members)
        outside = (start < 0) | (start + count > x)
        if outside.any():
            head = heads[members[int(np.flatnonzero(outside)[0])]]
            raise UnreadableInput(
                f"{path}: acquisition {members[int(np.flatnonzero(outside)[0])]} has {head['number_of_samples']} "
                f"samples about sample {head['center_sample']}; the header's encoded matrix has {x}"
            )
        for axis, name in enumerate(STEPS, 1):
            side = self.encoding.encoded.matrix[axis]
            place = self.place(members, axis)
            outside = (place < 0) | (place >= side)
            if outside.any():
                worst = members[int(np.flatnonzero(outside)[0])]
                raise UnreadableInput(
                    f"{path}: acquisition {worst} has {name} {heads['idx'][name][worst]}; the header's "
                    f"encoded matrix has {side} lines with its centre at {self.encoding.centre[axis - 1]}"
                )

    def fill(self, members: IntegerArray, calibration: IntegerArray) -> tuple[ComplexImage, Counts]:
        """k-space (kz, ky, coils, kx), repeated lines averaged, and how often each sample (kz, ky, kx) was measured.

        Parameters
        ----------
        members
            Readouts of the image.
        calibration
            Readouts for calibration only. Where no line of the image was measured they take its place,
            once scaled to the lines that both have; they are left out where those are not alike.
        """
        kspace, counts = self._mean(members)
        if len(calibration):
            extra, known = self._mean(calibration)
            scale = _scale(kspace, counts, extra, known)
            fills = (counts == 0) & (known > 0) if scale is not None else np.zeros_like(known, bool)
            if fills.any() and scale is not None:
                kspace += np.where(fills[:, :, None], extra * np.complex64(scale), 0)
                counts = np.where(fills, known, counts)
        if self.whiten is not None:
            kspace = np.matmul(self.whiten, kspace)
        return kspace, counts

    def part(self, samples: ComplexImage) -> ReadoutPart:
        """The readouts as lines of a slice, in their order and each as often as it was measured.

        Parameters
        ----------
        samples
            (n, coils, samples) of all readouts of :attr:`acquisitions`, as they were measured.
        """
        heads, x = self.acquisitions.heads, self.encoding.encoded.matrix[0]
        members = np.arange(len(heads))
        lines, reverse = self.place(members, 1), self.acquisitions.flagged(REVERSE)
        starts, sizes = self.starts(members)
        values, counts = samples, None
        if reverse.any() or (sizes < x).any():
            values = np.zeros((len(heads), samples.shape[1], x), np.complex64)
            counts = np.zeros((len(heads), x), np.uint16)
            for at, (start, size) in enumerate(zip(starts, sizes, strict=True)):
                inner = samples[at, :, int(heads["discard_pre"][at]) :][:, :size]
                values[at, :, start : start + size] = inner[:, ::-1] if reverse[at] else inner
                counts[at, start : start + size] = 1
        if self.whiten is not None:
            values = np.matmul(self.whiten, values)
        return ReadoutPart(lines, values, counts)

    def repeats(self, members: IntegerArray) -> float:
        """What averaging lines leaves of the noise's standard deviation, root mean square over lines."""
        y, z = self.encoding.encoded.matrix[1:]
        counts = np.bincount(self.place(members, 2) * y + self.place(members, 1), minlength=y * z)
        return float(np.sqrt(np.mean(1.0 / counts[counts > 0])))

    def _mean(self, members: IntegerArray) -> tuple[ComplexImage, Counts]:
        x, y, z = self.encoding.encoded.matrix
        coils = int(self.acquisitions.heads["active_channels"][members[0]])
        averaging = Averaging(z * y, coils, x)
        members = np.sort(members)
        lines = self.place(members, 2) * y + self.place(members, 1)
        starts, _ = self.starts(members)
        for at, (_, readout) in enumerate(self.acquisitions.samples(members)):
            averaging.add_part(int(lines[at]), int(starts[at]), readout)
        mean = averaging.mean()
        return mean.samples.reshape(z, y, coils, x), mean.counts.reshape(z, y, x)


def _scale(kspace: ComplexImage, counts: Counts, extra: ComplexImage, known: Counts) -> complex | None:
    """Factor that fits calibration lines to the image's lines; None when they differ in kind."""
    both = (counts > 0) & (known > 0)
    if not both.any():
        return 1.0
    image, lines = (part.transpose(2, 0, 1, 3)[:, both].astype(np.complex128) for part in (kspace, extra))
    energy = float(np.vdot(lines, lines).real), float(np.vdot(image, image).real)
    if not min(energy) > 0:
        return None
    product = np.vdot(lines, image)
    return complex(product / energy[0]) if abs(product) > _ALIKE * np.sqrt(energy[0] * energy[1]) else None
