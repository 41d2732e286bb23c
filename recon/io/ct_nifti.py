"""CT volumes from NIfTI files in HU, and results in the same geometry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from recon.errors import UnreadableInput
from recon.volumes import FloatImage, Geometry, Volume

SUFFIXES = (".nii", ".nii.gz")
_MOST_VOXELS = 2**31
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class NiftiVolume:
    """A volume and what is needed to write another one like it.

    Attributes
    ----------
    volume
        (slice, y, x); slices run along the body, columns from side to side, wherever the file
        keeps those axes.
    order
        Which axis of the file each axis of ``volume.values`` is.
    """

    volume: Volume
    path: Path
    header: nib.Nifti1Header
    affine: npt.NDArray[np.float64]
    order: tuple[int, int, int]


def is_nifti(path: Path) -> bool:
    """Whether the name says NIfTI."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """File name without ``.nii`` or ``.nii.gz``."""
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


def read_nifti(path: Path) -> NiftiVolume:
    """Read a volume in HU.

    Raises
    ------
    UnreadableInput
        When the file is missing, damaged, not three-dimensional, absurdly large, or has NaN.
    """
    if not path.exists():
        raise UnreadableInput(f"{path}: no such file or folder")
    if path.stat().st_size == 0:
        raise UnreadableInput(f"{path}: an empty file")
    try:
        image = nib.load(path)
        shape = tuple(int(side) for side in image.shape)
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        if len(shape) == 2:
            shape = (*shape, 1)
        if len(shape) != 3 or min(shape) < 1:
            raise UnreadableInput(f"{path}: has shape {shape}; a CT volume has three dimensions")
        if np.prod(shape, dtype=np.float64) > _MOST_VOXELS:
            raise UnreadableInput(f"{path}: declares {shape} voxels, more than {_MOST_VOXELS}")
        if image.get_data_dtype().kind not in "iuf":
            raise UnreadableInput(f"{path}: has samples of type {image.get_data_dtype()}, not numbers")
        values = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
    except UnreadableInput:
        raise
    except Exception as error:  # nibabel and zlib raise whatever they like on damaged files
        text = str(error).splitlines()
        raise UnreadableInput(f"{path}: damaged or no NIfTI file ({text[0] if text else error})") from error
    if not np.isfinite(values).all():
        index = np.argwhere(~np.isfinite(values))[0]
        raise UnreadableInput(f"{path}: sample {tuple(int(i) for i in index)} is NaN or infinite")
    affine = np.asarray(image.affine, dtype=np.float64)
    order = _axis_order(affine)
    flipped = np.eye(4)
    flipped[:3, :3] = affine[:3, :3][:, [order[2], order[1], order[0]]]
    flipped[:3, 3] = affine[:3, 3]
    volume = Volume(np.ascontiguousarray(values.transpose(order)), Geometry(_LPS @ flipped))
    return NiftiVolume(volume, path, image.header.copy(), affine, order)


def write_nifti(values: FloatImage, like: NiftiVolume, path: Path) -> None:
    """Write (slice, y, x) values in the geometry of another file, as float32."""
    header = like.header.copy()
    header.set_data_dtype(np.float32)
    header.set_slope_inter(1.0, 0.0)
    header["cal_min"] = header["cal_max"] = 0
    inverse = np.argsort(like.order)
    image = nib.Nifti1Image(values.transpose(inverse), like.affine, header)
    image.set_qform(like.header.get_qform(), int(like.header["qform_code"]))
    image.set_sform(like.header.get_sform(), int(like.header["sform_code"]))
    temporary = path.with_name(f".{path.name}")
    nib.save(image, temporary)
    os.replace(temporary, path)


def _axis_order(affine: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    """The file's axes in the order head-foot, front-back, side-side."""
    codes = nib.aff2axcodes(affine)
    if None in codes:
        return 2, 1, 0
    names = {"S": 0, "I": 0, "A": 1, "P": 1, "L": 2, "R": 2}
    found = {names[code]: axis for axis, code in enumerate(codes)}
    return found[0], found[1], found[2]
