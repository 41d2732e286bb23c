"""Magnitude volumes to make k-space from, and the planes that are cut out of them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
import pydicom
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from recon.arrays import FloatArray

Form = Literal["head", "body"]

_COARSE_MM = 4.0
_LEAST_AREA_MM2 = 9950.0  # of the object in a plane that is worth a scan
_LEAST_EXTENT_MM = 80.0  # of a volume across a plane
_BODY_HU = -400.0


class MrSource(BaseModel):
    """A volume of a recipe.

    Attributes
    ----------
    name, path
        Its name, and its file below one of the data folders.
    weight
        How often planes are cut from it.
    scalp
        Whether the whole head is there, or the brain alone.
    floor
        What is taken for background, as a share of the 99.5th percentile of the head.
    form
        ``head``, or ``body`` for all else: fields of view may be tight, and cut the object.
    hounsfield
        Whether the values are those of CT, to be turned into an MR contrast tissue by tissue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    weight: float = Field(1.0, gt=0)
    scalp: bool = True
    floor: float = Field(0.03, ge=0, lt=1)
    form: Form = "head"
    hounsfield: bool = False


@dataclass(frozen=True)
class MrVolume:
    """A volume ready to be cut.

    Attributes
    ----------
    coefficients
        (x, y, z) float32 cubic-spline coefficients in RAS order; 1 is the 99.5th percentile of the head, HU
        of CT.
    spacing_mm
        Between voxels.
    weight, scalp, form, hounsfield
        As in the source.
    """

    coefficients: FloatArray
    spacing_mm: FloatArray
    weight: float
    scalp: bool
    form: Form = "head"
    hounsfield: bool = False

    def normals(self) -> list[int]:
        """Axes (x, y, z) that a plane may stand upon; a slab is cut along itself."""
        extents = np.array(self.coefficients.shape) * self.spacing_mm
        wide = extents >= _LEAST_EXTENT_MM
        return [axis for axis in (2, 1, 0) if np.delete(wide, axis).all()]


@dataclass(frozen=True)
class CutPlane:
    """A plane through a volume.

    Attributes
    ----------
    values
        (y, x) float32 magnitude, or HU of CT.
    pixel_mm
        Between its pixels, the object at its size.
    volume
        That it was cut from.
    """

    values: FloatArray
    pixel_mm: float
    volume: MrVolume


def load(sources: list[MrSource], roots: list[Path]) -> list[MrVolume]:
    """Read volumes; what a Python package carries is found below ``site-packages`` too.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of the roots.
    """
    volumes = []
    for source in sources:
        places = [*roots, *_package_folder(source.path)]
        found = [root / source.path for root in places if (root / source.path).exists()]
        if not found:
            raise FileNotFoundError(f"training data {source.path!r} is not in {', '.join(map(str, places))} (--data)")
        values, spacing = _read(found[0])
        if source.hounsfield:
            coefficients = ndimage.spline_filter(_patient_alone(values), order=3, output=np.float32)
            volumes.append(MrVolume(coefficients, spacing, source.weight, source.scalp, source.form, True))
            continue
        head = values[values > 0.05 * np.percentile(values, 99)]
        values = np.clip(values / np.percentile(head, 99.5) - source.floor, 0, 1.5)
        coefficients = ndimage.spline_filter(values, order=3, output=np.float32)
        volumes.append(MrVolume(coefficients, spacing, source.weight, source.scalp, source.form))
    return volumes


def _read(path: Path) -> tuple[FloatArray, FloatArray]:
    """Values (x, y, z) float32 in RAS order and spacing in mm of a NIfTI file or a folder of axial DICOM slices."""
    if not path.is_dir():
        image = nib.as_closest_canonical(nib.load(path))
        values = np.asarray(image.dataobj, dtype=np.float32)
        return values.reshape(values.shape[:3]), np.asarray(image.header.get_zooms()[:3], np.float64)
    slices = sorted((pydicom.dcmread(file) for file in path.iterdir()), key=lambda s: float(s.ImagePositionPatient[2]))
    planes = [s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices]
    first, last = (float(s.ImagePositionPatient[2]) for s in (slices[0], slices[-1]))
    rows, columns = (float(side) for side in slices[0].PixelSpacing)
    spacing = np.array([columns, rows, (last - first) / max(len(slices) - 1, 1) or 1.0])
    # rows run towards the back and columns towards the left
    return np.asarray(np.stack(planes, -1)[::-1, ::-1].transpose(1, 0, 2), np.float32), spacing


def _patient_alone(hounsfield: FloatArray) -> FloatArray:
    """CT without the couch and what else is not the largest body, and with half of its noise."""
    labels, count = ndimage.label(ndimage.binary_opening(hounsfield > _BODY_HU, iterations=2))
    if count:
        largest = np.argmax(np.bincount(labels.ravel())[1:]) + 1
        body = ndimage.binary_dilation(labels == largest, iterations=3)
        body = np.stack([ndimage.binary_fill_holes(plane) for plane in np.moveaxis(body, 2, 0)], 2)
        hounsfield = np.where(body, hounsfield, -1000.0)
    return np.asarray(ndimage.gaussian_filter(hounsfield, (0.7, 0.7, 0.5)), np.float32)


def _package_folder(path: str) -> list[Path]:
    package = path.split("/", 1)[0]
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    return [Path(spec.origin).parents[1]] if spec and spec.origin else []


def draw_plane(
    volumes: list[MrVolume], shape: tuple[int, int], pixels: float, rng: np.random.Generator, axial: bool = False
) -> CutPlane:
    """A plane through a random volume: axial, coronal or sagittal, tilted, somewhere in it.

    Parameters
    ----------
    volumes
        Drawn from by weight.
    shape
        Matrix (rows, columns) that the field of view is meant for.
    pixels
        Finer than that by this factor, so that structure reaches beyond the edge of k-space.
    rng
        Of every choice.
    axial
        Only axial planes through the middle of the volume.
    """
    weights = np.array([v.weight for v in volumes])
    for _ in range(12):
        volume = volumes[rng.choice(len(volumes), p=weights / weights.sum())]
        allowed = volume.normals() or [2]
        chances = np.array([0.18, 0.18, 0.64])[allowed]
        normal = 2 if axial else int(rng.choice(allowed, p=chances / chances.sum()))
        depth = float(volume.coefficients.shape[normal] * volume.spacing_mm[normal])
        axes = _plane_axes(normal, rng, min(1.0, depth / 400))
        middle = np.array(volume.coefficients.shape) * volume.spacing_mm / 2
        middle[normal] *= 2 * (rng.uniform(0.45, 0.65) if axial else rng.uniform(0.2, 0.85))
        side = 72 if volume.form == "head" else 132
        coarse = _cut(volume, middle, axes, (side, side), _COARSE_MM, 1)
        inside = coarse > (_BODY_HU if volume.hounsfield else 0.1)
        if inside.sum() * _COARSE_MM**2 > _LEAST_AREA_MM2:
            break
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    extent = [_COARSE_MM * (i[-1] - i[0] + 1) for i in (rows, columns)]
    centre = [_COARSE_MM * ((i[-1] + i[0]) / 2 - (side - 1) / 2) for i in (rows, columns)]
    fill = rng.uniform(0.66, 1.0) if volume.form == "head" else rng.uniform(0.55, 1.2)
    pixel = max(e / (n * fill) for e, n in zip(extent, shape, strict=True))
    slack = [max(0.0, pixel * n - e) for e, n in zip(extent, shape, strict=True)]
    offset = [c + rng.uniform(-0.35, 0.35) * s for c, s in zip(centre, slack, strict=True)]
    start = middle + offset[0] * axes[0] + offset[1] * axes[1]
    fine = (round(shape[0] * pixels), round(shape[1] * pixels))
    plane = _cut(volume, start, axes, fine, pixel / pixels, 3)
    return CutPlane(plane if volume.hounsfield else np.maximum(plane, 0.0), pixel / pixels, volume)


def _plane_axes(normal: int, rng: np.random.Generator, lean: float) -> FloatArray:
    """Unit vectors (2, 3) along rows and columns of a plane whose normal is about one of x, y, z."""
    first, second = [(1, 2), (0, 2), (0, 1)][normal]
    frame = np.zeros((3, 3))
    frame[0, second], frame[1, first], frame[2, normal] = -1.0, 1.0, 1.0
    turn = rng.normal(0, 0.15)
    tilt = rng.normal(0, 0.2 * lean, 2)
    axes = [frame[0] * np.cos(turn) + frame[1] * np.sin(turn), frame[1] * np.cos(turn) - frame[0] * np.sin(turn)]
    leaning = np.array([a + t * frame[2] for a, t in zip(axes, tilt, strict=True)])
    leaning /= np.linalg.norm(leaning, axis=1, keepdims=True)
    stretch = np.exp(rng.normal(0, 0.05))
    return leaning * np.array([[stretch], [1 / stretch]])


def _cut(
    volume: MrVolume, middle_mm: FloatArray, axes: FloatArray, shape: tuple[int, int], pixel_mm: float, order: int
) -> FloatArray:
    y, x = ((np.arange(n) - (n - 1) / 2) * pixel_mm for n in shape)
    points = middle_mm + y[:, None, None] * axes[0] + x[:, None] * axes[1]
    at = np.moveaxis(points / volume.spacing_mm, -1, 0)
    outside = -1000.0 if volume.hounsfield else 0.0
    return ndimage.map_coordinates(
        volume.coefficients, at, order=order, prefilter=False, output=np.float32, cval=outside
    )
