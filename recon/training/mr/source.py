"""Anatomy for simulated scans: slices of a NIfTI volume."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput
from recon.volumes import Geometry, Unit, Volume

_RAS_TO_LPS: npt.NDArray[np.float64] = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_slices(path: Path, count: int) -> Volume:
    """The middle slices of a volume as magnitudes, the 99.5th percentile at 1.

    Parameters
    ----------
    path
        NIfTI; slices lie across its last axis.
    count
        Of slices.

    Raises
    ------
    UnreadableInput
        When it is no three-dimensional NIfTI volume of finite values.
    """
    try:
        image = nib.load(path)
        values = np.asarray(image.dataobj, np.float32)
    except Exception as error:  # nibabel raises many kinds
        raise UnreadableInput(f"{path}: not a readable NIfTI file ({str(error).splitlines()[0][:120]})") from error
    values = np.squeeze(values)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or not np.isfinite(values).all() or not values.max() > 0:
        raise UnreadableInput(f"{path}: a volume of magnitudes is needed, not shape {values.shape}")
    count = max(1, min(count, values.shape[2]))
    first = (values.shape[2] - count) // 2
    chosen = np.clip(values[..., first : first + count], 0, None)
    affine: npt.NDArray[np.float64] = _RAS_TO_LPS @ np.asarray(image.affine, np.float64)
    affine[:3, 3] = affine[:3, 3] + first * affine[:3, 2]
    level = float(np.percentile(chosen, 99.5)) or 1.0
    return Volume(np.ascontiguousarray(chosen.transpose(2, 1, 0) / level), Geometry(affine), Unit.ARBITRARY)
