"""One stack of slices of a k-space file, and how its images are laid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from recon.quality.verdict import Check
from recon.values.readouts import KSpace, ReadoutPart
from recon.volumes import ComplexImage, FloatImage, Geometry


def _same(volume: FloatImage) -> FloatImage:
    return volume


@dataclass(frozen=True)
class KSpaceSeries:
    """One stack of slices of a file, and how its images are to be laid out.

    Attributes
    ----------
    label
        What tells it from the other series of the file; empty for an only one.
    kspace
        Rows along the readout.
    geometry
        Of the written volume.
    shown
        Rows and columns of the k-space's image that are kept, about its centre.
    transposed
        Whether the readout runs along the columns' index of the written image.
    notes
        What a person should know.
    first_rounded_down
        Whether the first pixel kept is (N - n) // 2, as in fastMRI, instead of N // 2 - n // 2.
    reoriented
        The written volume (z, y, x) of a stack of laid-out slices; another order of axes for a 3D scan
        that is reconstructed across its readout.
    attributes
        DICOM attributes of patient, study, scanner and sequence that the file gives.
    checks
        What the scan lacks.
    further
        The lines that further readouts of an only slice make, of their headers and samples (n, coils, samples); it
        raises ``UnreadableInput`` for such as do not belong there. None where single readouts make no lines.
    """

    label: str
    kspace: KSpace
    geometry: Geometry
    shown: tuple[int, int]
    transposed: bool
    notes: list[str] = field(default_factory=list)
    first_rounded_down: bool = False
    reoriented: Callable[[FloatImage], FloatImage] = _same
    attributes: Dataset = field(default_factory=Dataset, repr=False, compare=False)
    checks: list[Check] = field(default_factory=list)
    further: Callable[[Any, ComplexImage], ReadoutPart] | None = field(default=None, repr=False, compare=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, y, x) of the stack of laid-out slices."""
        rows, columns = self.shown[::-1] if self.transposed else self.shown
        return self.kspace.slices, rows, columns

    def laid_out(self, image: FloatImage) -> FloatImage:
        """An image of the service, (rows, columns) of ``kspace.matrix``, as it is written, (y, x)."""
        parts = []
        for side, keep in zip(image.shape, self.shown, strict=True):
            start = (side - keep) // 2 if self.first_rounded_down else side // 2 - keep // 2
            parts.append(slice(start, start + keep))
        cropped = image[parts[0], parts[1]]
        return np.ascontiguousarray(cropped.T if self.transposed else cropped)
