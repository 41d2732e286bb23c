"""A k-space file of either format as the series that it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recon.errors import UnreadableInput
from recon.io.hdf5 import dataset, reading
from recon.io.kspace import fastmri
from recon.io.kspace.series import KSpaceSeries
from recon.io.mrd import series as mrd
from recon.io.mrd.source import group_of


def read_mr(path: Path) -> list[KSpaceSeries]:
    """All series of a fastMRI or ISMRMRD file; k-space is loaded when it is asked for.

    Raises
    ------
    UnreadableInput
        When the file is neither, or damaged.
    """
    with reading(path) as file:
        group = group_of(file)
        if dataset(file, "kspace") is not None:
            kind: Callable[[Path], list[KSpaceSeries]] = fastmri.read
        elif group is not None:
            kind = mrd.read
        else:
            names = ", ".join(sorted(file.keys())[:8]) or "nothing"
            raise UnreadableInput(
                f"{path}: holds {names}; k-space is expected as 'kspace' (fastMRI) or 'dataset/data' (ISMRMRD)"
            )
    return kind(path)
