"""Magnitude volumes to make k-space from, and the planes that are cut out of them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from recon.arrays import FloatArray

Rng = np.random.Generator


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
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    weight: float = Field(1.0, gt=0)
    scalp: bool = True
    floor: float = Field(0.03, ge=0, lt=1)


@dataclass(frozen=True)
class MrVolume:
    """A volume ready to be cut.

    Attributes
    ----------
    coefficients
        (x, y, z) float32 cubic-spline coefficients in RAS order; 1 is the 99.5th percentile of the head.
    spacing_mm
        Between voxels.
    weight, scalp
        As in the source.
    """

    coefficients: FloatArray
    spacing_mm: FloatArray
    weight: float
    scalp: bool


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
            raise FileNotFoundError(f"training data {source.path!r} is under none of {[str(r) for r in places]}")
        image = nib.as_closest_canonical(nib.load(found[0]))
        values = np.asarray(image.dataobj, dtype=np.float32)
        head = values[values > 0.05 * np.percentile(values, 99)]
        values = np.clip(values / np.percentile(head, 99.5) - source.floor, 0, 1.5)
        coefficients = ndimage.spline_filter(values, order=3, output=np.float32)
        spacing = np.asarray(image.header.get_zooms()[:3], np.float64)
        volumes.append(MrVolume(coefficients, spacing, source.weight, source.scalp))
    return volumes


def _package_folder(path: str) -> list[Path]:
    package = path.split("/", 1)[0]
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    return [Path(spec.origin).parents[1]] if spec and spec.origin else []


def draw_plane(
    volumes: list[MrVolume], shape: tuple[int, int], pixels: float, rng: Rng, axial: bool = False
) -> tuple[FloatArray, float, bool]:
    """A plane through a random volume: axial, coronal or sagittal, tilted, somewhere in the head.

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

    Returns
    -------
    plane
        (y, x) float32 magnitude.
    pixel_mm
        Of the returned plane, the object at its size.
    scalp
        Whether the volume has one.
    """
    weights = np.array([v.weight for v in volumes])
    for _ in range(12):
        volume = volumes[rng.choice(len(volumes), p=weights / weights.sum())]
        normal = 2 if axial else int(rng.choice([2, 1, 0], p=[0.64, 0.18, 0.18]))
        axes = _plane_axes(normal, rng)
        middle = np.array(volume.coefficients.shape) * volume.spacing_mm / 2
        middle[normal] *= 2 * (rng.uniform(0.45, 0.65) if axial else rng.uniform(0.2, 0.85))
        coarse = _cut(volume, middle, axes, (72, 72), 4.0, 1)
        inside = coarse > 0.1
        if inside.mean() > 0.12:
            break
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    extent = [4.0 * (i[-1] - i[0] + 1) for i in (rows, columns)]
    centre = [4.0 * ((i[-1] + i[0]) / 2 - 35.5) for i in (rows, columns)]
    fill = rng.uniform(0.66, 1.0)
    pixel = max(e / (n * fill) for e, n in zip(extent, shape, strict=True))
    slack = [max(0.0, pixel * n - e) for e, n in zip(extent, shape, strict=True)]
    offset = [c + rng.uniform(-0.35, 0.35) * s for c, s in zip(centre, slack, strict=True)]
    start = middle + offset[0] * axes[0] + offset[1] * axes[1]
    fine = (round(shape[0] * pixels), round(shape[1] * pixels))
    plane = _cut(volume, start, axes, fine, pixel / pixels, 3)
    return np.maximum(plane, 0.0), pixel / pixels, volume.scalp


def _plane_axes(normal: int, rng: Rng) -> FloatArray:
    """Unit vectors (2, 3) along rows and columns of a plane whose normal is about one of x, y, z."""
    first, second = [(1, 2), (0, 2), (0, 1)][normal]
    frame = np.zeros((3, 3))
    frame[0, second], frame[1, first], frame[2, normal] = -1.0, 1.0, 1.0
    turn = rng.normal(0, 0.15)
    tilt = rng.normal(0, 0.2, 2)
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
    return ndimage.map_coordinates(volume.coefficients, at, order=order, prefilter=False, output=np.float32)
