"""A k-space file as the series of slices that it holds, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recon.errors import UnreadableInput
from recon.volumes import FloatImage, Geometry, KSpace


@dataclass(frozen=True)
class MrSeries:
    """One stack of slices of a file, and how its images are to be laid out.

    Attributes
    ----------
    label
        What tells it from the other series of the file; empty for an only one.
    kspace
        Rows along the readout.
    geometry
        Of the image as it is written.
    shown
        Rows and columns of the k-space's image that are kept, about its centre.
    transposed
        Whether the readout runs along the columns' index of the written image.
    notes
        What a person should know.
    """

    label: str
    kspace: KSpace
    geometry: Geometry
    shown: tuple[int, int]
    transposed: bool
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, y, x) of the written images."""
        rows, columns = self.shown[::-1] if self.transposed else self.shown
        return self.kspace.slices, rows, columns

    def laid_out(self, image: FloatImage) -> FloatImage:
        """An image (ky, kx) of the k-space as it is written, (y, x)."""
        parts = []
        for side, keep in zip(image.shape, self.shown, strict=True):
            start = side // 2 - keep // 2
            parts.append(slice(start, start + keep))
        cropped = image[parts[0], parts[1]]
        return np.ascontiguousarray(cropped.T if self.transposed else cropped)


def read_mr(path: Path) -> list[MrSeries]:
    """All series of a fastMRI or ISMRMRD file; k-space is loaded when it is asked for.

    Raises
    ------
    UnreadableInput
        When the file is neither, or damaged.
    """
    from recon.io import mr_fastmri, mr_ismrmrd
    from recon.io.hdf5 import dataset, reading

    with reading(path) as file:
        if dataset(file, "kspace") is not None:
            kind: Callable[[Path], list[MrSeries]] = mr_fastmri.read
        elif dataset(file, "dataset/data") is not None:
            kind = mr_ismrmrd.read
        else:
            names = ", ".join(sorted(file.keys())[:8]) or "nothing"
            raise UnreadableInput(
                f"{path}: holds {names}; k-space is expected as 'kspace' (fastMRI) or 'dataset/data' (ISMRMRD)"
            )
    return kind(path)
