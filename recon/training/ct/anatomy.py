"""Noise-free pictures to train on: real CT anatomy, and real structure of other kinds.

CT slices carry noise of their own, which a network would learn to keep; they are cleaned once with
BM3D under the noise spectrum of a soft kernel. MR volumes and photographs are shrunk until their
noise is gone and lend variety of structure; their grey values become soft-tissue HU at random.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import bm3d
import nibabel as nib
import numpy as np
import pydicom
from rich.progress import track
from skimage.io import imread
from skimage.transform import downscale_local_mean, resize

from recon.arrays import FloatArray
from recon.physics.reconstruction_kernel import SOFT, radial_frequency

Role = Literal["ct", "texture"]


@dataclass(frozen=True)
class CleanPicture:
    """One clean picture.

    Attributes
    ----------
    values
        (y, x) float32; HU for ``ct``, mean 0 and standard deviation 1 for ``texture``.
    spacing_mm
        Pixel size; of textures, nominal.
    role
        Whether the values are HU.
    source
        Name of the source in the recipe.
    """

    values: FloatArray
    spacing_mm: float
    role: Role
    source: str


@dataclass(frozen=True)
class AnatomySource:
    """A data source of the recipe: where it lies and how it is read."""

    name: str
    path: str
    reader: Literal["dicom", "nifti", "inv3", "photos"]
    role: Role
    noise_hu: float = 0.0
    every: int = 1
    shrink: int = 1


def load_sources(sources: list[AnatomySource], roots: list[Path]) -> list[CleanPicture]:
    """Read and clean the pictures of every source.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of the roots.
    """
    pictures: list[CleanPicture] = []
    for source in sources:
        path = find(source.path, roots)
        slices = list(_slices(source, path))[:: source.every]
        for values, spacing in track(slices, description=f"anatomy {source.name}"):
            pictures.append(_clean(values, spacing, source))
    return pictures


def find(relative: str, roots: list[Path]) -> Path:
    """The first of the folders that holds something, with it.

    Raises
    ------
    FileNotFoundError
        When none does.
    """
    for root in roots:
        if (root / relative).exists():
            return root / relative
    raise FileNotFoundError(f"training data {relative!r} is not in {', '.join(map(str, roots))} (--data)")


def _slices(source: AnatomySource, path: Path) -> Iterator[tuple[FloatArray, float]]:
    if source.reader == "dicom":
        yield from _dicom_slices(path)
    elif source.reader == "nifti":
        image = nib.load(path)
        volume = np.asarray(image.dataobj, dtype=np.float32)
        for index in range(volume.shape[2]):
            plane = np.rot90(volume[:, :, index])
            if (plane > plane.min() + 0.05 * np.ptp(volume)).mean() > 0.1:
                yield plane, float(image.header.get_zooms()[0])
    elif source.reader == "inv3":
        with tarfile.open(path) as archive:
            member = next(m for m in archive.getmembers() if m.name.endswith("matrix.dat"))
            handle = archive.extractfile(member)
            assert handle is not None
            volume = np.load(io.BytesIO(_as_npy(handle.read())))
        for plane in volume:
            yield plane.astype(np.float32), 0.957
    else:
        for file in sorted(path.rglob("*.jp*g")):
            yield imread(file, as_gray=True).astype(np.float32), 1.0


def _as_npy(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(raw, np.int16).reshape(-1, 256, 256))
    return buffer.getvalue()


def _dicom_slices(folder: Path) -> Iterator[tuple[FloatArray, float]]:
    for file in sorted(folder.iterdir()):
        dataset = pydicom.dcmread(file)
        hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
        yield np.maximum(hu, -1024).astype(np.float32), float(dataset.PixelSpacing[0])


def _clean(values: FloatArray, spacing: float, source: AnatomySource) -> CleanPicture:
    if source.shrink > 1:
        values = downscale_local_mean(values, (source.shrink, source.shrink))
        spacing *= source.shrink
    if source.role == "ct":
        if source.noise_hu > 0:
            values = denoise_reference(values, spacing, source.noise_hu)
        return CleanPicture(np.maximum(values, -1024).astype(np.float32), spacing, "ct", source.name)
    longest = max(values.shape)
    if longest > 1024:
        shape = tuple(max(128, round(side * 1024 / longest)) for side in values.shape)
        values = resize(values, shape, anti_aliasing=True)
    values = (values - values.mean()) / max(float(values.std()), 1e-6)
    return CleanPicture(values.astype(np.float32), spacing, "texture", source.name)


def denoise_reference(hu: FloatArray, spacing_mm: float, noise_hu: float) -> FloatArray:
    """BM3D of a full-dose slice (y, x) in HU, told the noise spectrum of a soft kernel.

    Makkinen, Azzari & Foi, *Collaborative filtering of correlated noise*, IEEE TIP 29:8339 (2020).
    """
    frequency = radial_frequency((hu.shape[0], hu.shape[1]), spacing_mm)
    shape = frequency * SOFT.transfer(frequency) ** 2 + 1e-4
    spectrum = shape / shape.mean() * noise_hu**2 * hu.size
    tissue = np.clip(hu, -300, 400)  # air and bone would blunt BM3D's block matching
    return hu - tissue + bm3d.bm3d(tissue, spectrum)
