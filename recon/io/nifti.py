"""CT volumes from NIfTI files in HU, and results in the same geometry."""

from __future__ import annotations

import gzip
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from recon import __version__
from recon.arrays import FloatArray
from recon.errors import UnreadableInput
from recon.io.disk import write_error
from recon.io.inflate import require_modest
from recon.volumes import FloatImage, Geometry, Volume

SUFFIXES = (".nii", ".nii.gz")
_MOST_VOXELS = 2**31
_FORMS_AGREE_MM = 0.1
_HEADER_BYTES, _MOST_EXTENSIONS = 352, 16 * 2**20
#: Where NIfTI-1 and NIfTI-2 keep sides, bits of a sample and the place of the first voxel.
_FIRST, _SECOND = (("8h", 40), ("h", 72), ("f", 108)), (("8q", 16), ("h", 14), ("q", 168))
#: What the description of a result starts with.
_OWN = b"recon result"
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
    notes
        What a person should know about the geometry.
    """

    volume: Volume
    path: Path
    header: nib.Nifti1Header
    affine: npt.NDArray[np.float64]
    order: tuple[int, int, int]
    notes: tuple[str, ...] = ()


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


def read_nifti(path: Path, *, own: bool = False) -> NiftiVolume:
    """Read a volume in HU; with ``own`` also a result of recon.

    Raises
    ------
    UnreadableInput
        When the file is missing, damaged, not three-dimensional, absurdly large, has NaN, or is a result of recon.
    """
    if not path.exists():
        raise UnreadableInput(f"{path}: no such file or folder")
    if path.stat().st_size == 0:
        raise UnreadableInput(f"{path}: an empty file")
    try:
        require_modest_nifti(path)
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
        if not own and bytes(image.header["descrip"].tobytes()).startswith(_OWN):
            raise UnreadableInput(f"{path}: written by recon; own results are no input")
        values = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
        affine, notes = _placement(image.header, shape)
    except UnreadableInput:
        raise
    except Exception as error:  # nibabel and zlib raise whatever they like on damaged files
        text = str(error).splitlines()
        raise UnreadableInput(f"{path}: damaged or no NIfTI file ({text[0] if text else error})") from error
    if not np.isfinite(values).all():
        index = np.argwhere(~np.isfinite(values))[0]
        raise UnreadableInput(f"{path}: sample {tuple(int(i) for i in index)} is NaN or infinite")
    order = _axis_order(affine)
    trouble = Geometry(_LPS @ affine).impossible
    if trouble:
        raise UnreadableInput(f"{path}: {trouble}; mend its header")
    flipped = np.eye(4)
    flipped[:3, :3] = affine[:3, :3][:, [order[2], order[1], order[0]]]
    flipped[:3, 3] = affine[:3, 3]
    volume = Volume(np.ascontiguousarray(values.transpose(order)), Geometry(_LPS @ flipped))
    return NiftiVolume(volume, path, image.header.copy(), affine, order, notes)


def require_readable(path: Path) -> None:
    """Refuse a file whose header can't be read; its samples stay on disk.

    Raises
    ------
    UnreadableInput
        Saying what is wrong.
    """
    try:
        require_modest_nifti(path)
        nib.load(path)
    except UnreadableInput:
        raise
    except Exception as error:  # nibabel and zlib raise whatever they like on damaged files
        text = str(error).splitlines()
        words = text[0].replace(str(path), "the file")[:160] if text else type(error).__name__
        raise UnreadableInput(f"{path}: damaged: {words}") from error


def few_values(path: Path) -> FloatArray:
    """Samples of two slices about the middle, (n,), without reading the others; none where there are no slices.

    Raises
    ------
    UnreadableInput
        When the file is damaged.
    """
    try:
        require_modest_nifti(path)
        image: Any = nib.load(path)
        if len(image.shape) < 3 or 0 in image.shape:
            return np.zeros(0, np.float32)
        planes = [
            np.asarray(image.dataobj[..., index] if len(image.shape) == 3 else image.dataobj[..., index, 0])
            for index in sorted({image.shape[2] // 2, image.shape[2] // 4})
        ]
    except UnreadableInput:
        raise
    except Exception as error:  # nibabel and zlib raise whatever they like on damaged files
        raise UnreadableInput(f"{path}: damaged: {str(error)[:160]}") from error
    return np.concatenate([plane.ravel() for plane in planes]).astype(np.float32)


def require_modest_nifti(path: Path) -> None:
    """Refuse a compressed file that declares far more than it can hold; nibabel takes memory for it at once.

    Raises
    ------
    UnreadableInput
        Naming the sizes.
    """
    if not path.name.lower().endswith(".gz"):
        return  # a plain file that declares too much is too short, and nibabel says so
    with gzip.open(path) as file:
        start = file.read(_HEADER_BYTES)
    if len(start) < _HEADER_BYTES:
        return  # nibabel says what is wrong
    order = "<" if start[:4] in (b"\x5c\x01\0\0", b"\x1c\x02\0\0") else ">"
    second = start[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
    if second:
        (sides, bits, offset) = (struct.unpack_from(f"{order}{code}", start, at) for code, at in _SECOND)
    else:
        (sides, bits, offset) = (struct.unpack_from(f"{order}{code}", start, at) for code, at in _FIRST)
    axes = [max(1, side) for side in sides[1 : 1 + max(0, min(7, sides[0]))]]
    declared = math.prod(axes) * bits[0] // 8 + max(0, int(offset[0])) if math.isfinite(offset[0]) else 0
    require_modest(path, declared, path.stat().st_size, f"a volume of {'x'.join(map(str, axes))}")
    if not 0 <= offset[0] <= _MOST_EXTENSIONS:
        raise UnreadableInput(f"{path}: its voxels begin after {offset[0]:.4g} bytes, which is no NIfTI file")


def write_nifti(values: FloatImage, like: NiftiVolume, path: Path, result: str = "") -> None:
    """Write (slice, y, x) values in the geometry of another file, as float32.

    Parameters
    ----------
    values
        In the order of ``like.volume``.
    like
        The input that they belong to.
    path
        Of the new file.
    result
        What it is, such as ``denoised``: the file is then known as recon's own and refused as input.

    Raises
    ------
    OutputFailed
        When it can't be written.
    """
    header = like.header.copy()
    header.set_data_dtype(np.float32)
    header.set_slope_inter(1.0, 0.0)
    header["cal_min"] = header["cal_max"] = 0
    if result:
        header["descrip"] = _OWN + f" {__version__}: {result}".encode()[:60]
    inverse = np.argsort(like.order)
    image = nib.Nifti1Image(values.transpose(inverse), like.affine, header)
    _place(image, like)
    temporary = path.with_name(f".{path.name}")
    try:
        nib.save(image, temporary)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_error(path, error) from error


def _placement(header: nib.Nifti1Header, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """The affine of the first usable form: sform, qform, or nothing but the distances of the voxels."""
    given = {"sform": _form(header, "sform"), "qform": _form(header, "qform")}
    usable = {name: affine for name, affine in given.items() if affine is not None}
    bad = [name for name in given if int(header[f"{name}_code"]) > 0 and name not in usable]
    notes = [f"its {name} can't be used" for name in bad]
    if len(usable) == 2:
        corners = np.array([[0, 0, 0, 1], [side - 1 for side in shape] + [1]], float).T
        apart = float(np.abs((usable["sform"] - usable["qform"]) @ corners).max())
        if apart > _FORMS_AGREE_MM:
            notes.append(f"its sform and qform differ by {apart:.1f} mm; the sform was used")
    if usable:
        return next(iter(usable.values())), tuple(notes)
    distances = [float(value) if np.isfinite(value) and value > 0 else 1.0 for value in header["pixdim"][1:4]]
    return np.diag([*distances, 1.0]), (*notes, "it does not say where it lies; orientation is unknown")


def _form(header: nib.Nifti1Header, name: str) -> npt.NDArray[np.float64] | None:
    """A form of the header when it is set and can be used."""
    if int(header[f"{name}_code"]) <= 0:
        return None
    try:
        affine = np.asarray(getattr(header, f"get_{name}")(), dtype=np.float64)
    except (ValueError, HeaderDataError):
        return None
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or lengths.min() < 1e-4 or lengths.max() > 1e4:
        return None
    # three directions that span space
    return affine if abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-3 else None


def _place(image: nib.Nifti1Image, like: NiftiVolume) -> None:
    """Both forms as in the source; one that could not be used there says the same as the other."""
    for name in ("sform", "qform"):
        code, form = int(like.header[f"{name}_code"]), _form(like.header, name)
        if form is None and (code > 0 or name == "sform"):
            code, form = max(int(like.header["sform_code"]), int(like.header["qform_code"]), 0), like.affine
        if name == "sform":
            image.set_sform(form, code)
        else:
            image.set_qform(form, code, strip_shears=True)


def _axis_order(affine: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    """The file's axes in the order head-foot, front-back, side-side."""
    codes = nib.aff2axcodes(affine)
    if None in codes:
        return 2, 1, 0
    names = {"S": 0, "I": 0, "A": 1, "P": 1, "L": 2, "R": 2}
    found = {names[code]: axis for axis, code in enumerate(codes)}
    return found[0], found[1], found[2]
