"""Complex images of simulated objects, as a scanner without noise would see them with one perfect coil."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray, FloatArray
from recon.physics.fourier import to_image, to_kspace
from recon.training.mr import structure, tissues
from recon.training.mr.anatomy import MrVolume, draw_plane
from recon.training.mr.phantoms import draw_phantom
from recon.training.mr.phase import body_phase, object_phase

FINER = 1.5  # samples of the object per sample of the image
_PHANTOM_MM = (0.7, 2.0)  # pixel of a phantom's image


def random_shape(rng: np.random.Generator) -> tuple[int, int]:
    """Matrix (rows, columns): mostly 96 to 160, sometimes up to 240."""
    kind = rng.random()
    low, high = (96, 160) if kind < 0.72 else (144, 200) if kind < 0.9 else (168, 240)
    rows, columns = (int(n) for n in rng.integers(low, high + 1, 2))
    return (rows, columns) if rng.random() < 0.1 else (2 * (rows // 2), 2 * (columns // 2))


def draw_object(
    volumes: list[MrVolume], shape: tuple[int, int], rng: np.random.Generator, axial: bool = False
) -> ComplexArray:
    """A new object (y, x) complex64, magnitude about 1.

    Made finer than the matrix and cut in k-space, so that edges ring and phases cancel within a pixel
    as in a real scan.
    """
    plane = draw_plane(volumes, shape, FINER, rng, axial)
    pixel_mm, body = plane.pixel_mm, plane.volume.form == "body"
    fat = np.zeros_like(plane.values)
    if plane.volume.hounsfield:
        magnitude, fat = tissues.from_hounsfield(plane.values, rng)
    else:
        magnitude = structure.change_contrast(plane.values, rng)
    if body:  # its fat is shown by CT, or by no one
        pass
    elif plane.volume.scalp and rng.random() < 0.6:
        fat = structure.fat_rim(magnitude, pixel_mm, rng)
    elif not plane.volume.scalp and rng.random() < 0.7:
        magnitude = structure.add_scalp(magnitude, pixel_mm, rng)
        fat = structure.fat_rim(magnitude, pixel_mm, rng)
    if rng.random() < 0.6:
        magnitude = structure.add_texture(magnitude, rng)
    if rng.random() < 0.5:
        magnitude = structure.add_lesions(magnitude, pixel_mm, rng)
    phase = object_phase(magnitude, pixel_mm, rng)
    if body:
        phase += body_phase(magnitude, pixel_mm, rng)
    if rng.random() < 0.6:
        vessels = structure.draw_vessels(magnitude.shape, np.asarray(magnitude > 0.1), pixel_mm, rng)
        level = rng.uniform(0.0, 2.0)
        magnitude = magnitude * (1 - vessels) + np.float32(level) * vessels
        phase = phase + vessels * np.float32(rng.normal(0, 1.5))
    image = magnitude * np.exp(1j * phase)
    image = _shift_fat(image, fat, rng)
    return _cut_kspace(np.asarray(image, np.complex64), shape)


def draw_test_object(shape: tuple[int, int], rng: np.random.Generator) -> ComplexArray:
    """A phantom as a scanner sees it, (y, x) complex64; cut in k-space like :func:`draw_object`."""
    magnitude = draw_phantom((round(shape[0] * FINER), round(shape[1] * FINER)), rng)
    phase = object_phase(magnitude, rng.uniform(*_PHANTOM_MM) / FINER, rng)
    return _cut_kspace(np.asarray(magnitude * np.exp(1j * phase), np.complex64), shape)


def _shift_fat(
    image: npt.NDArray[np.complex128], fat: FloatArray, rng: np.random.Generator
) -> npt.NDArray[np.complex128]:
    """Fat is brighter or suppressed, has another phase and lies some pixels beside its place."""
    if not fat.any():
        return image
    gain = rng.uniform(0.0, 2.5) if rng.random() < 0.8 else 1.0
    moved = image * fat * gain * np.exp(1j * rng.choice([0.0, rng.uniform(-np.pi, np.pi)]))
    shift = int(rng.choice([0, 0, 1, 2, 3, 4])) * int(rng.choice([-1, 1]))
    return image * (1 - fat) + np.roll(moved, shift, int(rng.integers(2)))


def _cut_kspace(image: ComplexArray, shape: tuple[int, int]) -> ComplexArray:
    rows, columns = (slice(f // 2 - n // 2, f // 2 - n // 2 + n) for f, n in zip(image.shape, shape, strict=True))
    scale = np.float32(np.sqrt(shape[0] * shape[1] / image.size))
    return to_image(to_kspace(image)[rows, columns] * scale)


@dataclass(frozen=True)
class ObjectPool:
    """Objects drawn ahead, kept as pairs of float16.

    Attributes
    ----------
    samples
        (pixels of all, 2) float16.
    shapes
        (objects, 2) of each one's matrix.
    """

    samples: npt.NDArray[np.float16]
    shapes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shapes)

    def get(self, index: int) -> ComplexArray:
        """Object number ``index``, (y, x) complex64."""
        sizes = self.shapes.prod(axis=1)
        start = int(sizes[:index].sum())
        pairs = self.samples[start : start + int(sizes[index])].astype(np.float32)
        return pairs.view(np.complex64).reshape(self.shapes[index])


def build_pool(volumes: list[MrVolume], count: int, seed: int, phantoms: float = 0.0) -> ObjectPool:
    """Draw ``count`` objects, a share of which are phantoms; the same seed draws the same ones."""
    parts, shapes = [], []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        shape = random_shape(rng)
        phantom = phantoms > 0 and rng.random() < phantoms
        image = draw_test_object(shape, rng) if phantom else draw_object(volumes, shape, rng)
        parts.append(image.reshape(-1, 1).view(np.float32).astype(np.float16))
        shapes.append(shape)
        if (index + 1) % 500 == 0:
            print(f"{index + 1} of {count} objects", flush=True)
    return ObjectPool(np.concatenate(parts), np.array(shapes))


def save_pool(pool: ObjectPool, path: Path) -> None:
    """Write a pool, whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, samples=pool.samples, shapes=pool.shapes)
    partial.replace(path)


def load_pool(path: Path) -> ObjectPool:
    """Read a pool."""
    with np.load(path) as archive:
        return ObjectPool(archive["samples"], archive["shapes"])
