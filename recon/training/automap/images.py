"""Pictures to train on: slices of anatomy in all orientations, and photographs, as 8-bit squares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.transform import resize

from recon.arrays import ByteArray
from recon.training.automap.recipe import PictureSource

#: Pixels a side of the stored pictures; the sampler halves it.
STORED_SIDE = 128


@dataclass(frozen=True)
class Bank:
    """Pictures (count, y, x) uint8 of each kind."""

    anatomy: ByteArray
    photographs: ByteArray


def load(sources: Sequence[PictureSource], roots: Sequence[Path], side: int = STORED_SIDE) -> Bank:
    """Read the pictures of every source.

    Parameters
    ----------
    sources
        Of a recipe.
    roots
        Folders that the sources' paths are looked for under.
    side
        Pixels a side.

    Raises
    ------
    FileNotFoundError
        When a source lies under none of the roots.
    """
    found: dict[str, list[ByteArray]] = {"anatomy": [], "photographs": []}
    for source in sources:
        path = next((root / source.path for root in roots if (root / source.path).exists()), None)
        if path is None:
            raise FileNotFoundError(f"pictures {source.path!r} are not in {', '.join(map(str, roots))} (--data)")
        read = _slices(path, source.every, side) if source.kind == "anatomy" else _crops(path, side)
        found[source.kind] += list(read)
    empty = np.zeros((0, side, side), np.uint8)
    return Bank(*(np.stack(found[k]) if found[k] else empty for k in ("anatomy", "photographs")))


def cached(sources: Sequence[PictureSource], roots: Sequence[Path], file: Path, side: int = STORED_SIDE) -> Bank:
    """As :func:`load`, kept in a file for the next time."""
    if not file.exists():
        bank = load(sources, roots, side)
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, anatomy=bank.anatomy, photographs=bank.photographs)
    with np.load(file) as stored:
        return Bank(stored["anatomy"], stored["photographs"])


def _slices(path: Path, every: int, side: int) -> Iterator[ByteArray]:
    """Every n-th slice along each axis that shows something, isotropic, padded to a square."""
    image = nib.as_closest_canonical(nib.load(path))
    volume = np.asarray(image.dataobj, np.float32)
    volume = volume.reshape(volume.shape[:3])
    spacing = np.asarray(image.header.get_zooms()[:3], float)
    floor, top = np.percentile(volume, 1), float(np.percentile(volume, 99.7))
    volume = np.clip((volume - floor) / (top - floor), 0, 1)
    for axis in range(3):
        planes = np.moveaxis(volume, axis, 0)
        height, width = np.delete(spacing, axis)
        for plane in planes[::every]:
            if (plane > 0.1).mean() > 0.12:
                yield _square(np.rot90(plane), width, height, side)


def _square(plane: npt.NDArray[np.float32], row_mm: float, column_mm: float, side: int) -> ByteArray:
    extent = np.array(plane.shape) * (row_mm, column_mm)
    shape = tuple(np.maximum(1, np.round(side * extent / extent.max())).astype(int))
    small = resize(plane, shape, anti_aliasing=True)
    margins = [((side - n) // 2, side - n - (side - n) // 2) for n in shape]
    return _eight_bits(np.pad(small, margins))


def _crops(folder: Path, side: int) -> Iterator[ByteArray]:
    """Squares of every photograph at three sizes."""
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in (".jpg", ".jpeg", ".png") or file.stat().st_size < 100_000:
            continue
        grey = _grey(file)
        seen = set()
        for short in (side, 2 * side, 3 * side):
            height, width = (max(side, round(n * short / min(grey.shape))) for n in grey.shape)
            if (height, width) in seen:
                continue
            seen.add((height, width))
            small = resize(grey, (height, width), anti_aliasing=True)
            for top in range(0, height - side + 1, side):
                for left in range(0, width - side + 1, side):
                    crop = small[top : top + side, left : left + side]
                    if crop.std() > 0.03:
                        yield _eight_bits(crop)


def _grey(file: Path) -> npt.NDArray[np.float32]:
    with Image.open(file) as picture:
        picture.draft("L", (1024, 1024))  # JPEGs are decoded at a fraction of their size
        picture.thumbnail((1600, 1600))
        values = np.asarray(picture.convert("L"), np.float32)
    return values / max(float(values.max()), 1.0)


def _eight_bits(values: npt.NDArray[np.float32]) -> ByteArray:
    return np.asarray(np.round(np.clip(values, 0, 1) * 255), np.uint8)
