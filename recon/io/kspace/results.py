"""Reconstructed MR volumes as HDF5 and NIfTI."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np

from recon.io.disk import written
from recon.volumes import FloatImage, Geometry

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_hdf5(
    image: FloatImage, uncertainty: FloatImage, geometry: Geometry, path: Path, phase: FloatImage | None = None
) -> None:
    """Datasets ``reconstruction``, ``uncertainty`` and ``phase`` (slice, y, x) float32, and the affine in LPS.

    The phase is in radians; without one there is no such dataset.
    """
    with written(path), h5py.File(path, "w") as file:
        file.create_dataset("reconstruction", data=image, dtype=np.float32)
        file.create_dataset("uncertainty", data=uncertainty, dtype=np.float32)
        if phase is not None:
            file.create_dataset("phase", data=phase, dtype=np.float32)
        file.attrs["affine_lps_mm"] = geometry.affine
        file.attrs["axes"] = "slice, y, x"


def write_volume(values: FloatImage, geometry: Geometry, path: Path) -> None:
    """A NIfTI file of (slice, y, x) values; voxel axes are x, y, slice."""
    image = nib.Nifti1Image(values.transpose(2, 1, 0), _LPS_TO_RAS @ geometry.affine)
    image.header.set_xyzt_units("mm")
    image.header.set_data_dtype(np.float32)
    temporary = path.with_name(f".{path.name}")
    with written(path):
        nib.save(image, temporary)
        os.replace(temporary, path)
