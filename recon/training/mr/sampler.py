"""Endless simulated scans: objects seen through coils, noise and an under-sampling pattern."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.mr_unrolled import root_sum_of_squares, to_kspace
from recon.physics.sampling import Mask, calibration_size
from recon.training.mr.coils import ComplexMaps, noise_mixing, receive_maps
from recon.training.mr.masks import draw_discs, random_mask
from recon.training.mr.objects import ComplexImage, ObjectPool
from recon.training.mr.phase import smooth_phase

COILS = (1, 2, 3, 4, 5, 6, 8, 12)
_CHANCES = (0.07, 0.05, 0.05, 0.15, 0.13, 0.18, 0.27, 0.10)
NOISE = (0.002, 0.04)  # of a coil's complex samples, over the bright pixels (98th percentile)


@dataclass(frozen=True)
class Scan:
    """One simulated scan of one slice.

    Attributes
    ----------
    kspace
        (coils, ky, kx) complex64, zero where not measured.
    mask
        (ky, kx) float32.
    calibration
        Fully sampled centre (height, width).
    coil_images
        (coils, y, x) complex64 without noise: the truth.
    """

    kspace: Tensor
    mask: Tensor
    calibration: tuple[int, int]
    coil_images: Tensor

    def to(self, where: torch.device) -> Scan:
        """The same scan on another device."""
        return Scan(self.kspace.to(where), self.mask.to(where), self.calibration, self.coil_images.to(where))


class ScanSampler:
    """Draws scans of the objects of a pool.

    Parameters
    ----------
    pool
        Objects.
    arrays
        How many receive arrays are computed ahead.
    seed
        Of every random choice made here.
    """

    def __init__(self, pool: ObjectPool, arrays: int, seed: int) -> None:
        self.pool = pool
        # a small matrix teaches as much as a large one in a fraction of the time
        chances = 1.0 / pool.shapes.prod(axis=1).astype(float) ** 2
        self._chances = chances / chances.sum()
        self.rng = np.random.default_rng(seed)
        counts = self.rng.choice(COILS, size=arrays, p=_CHANCES)
        self.arrays = [receive_maps(int(count), self.rng) for count in counts]
        self.discs = draw_discs(max(2, arrays // 10), seed)

    def draw(self) -> Scan:
        """A new scan."""
        rng = self.rng
        image = self.pool.get(int(rng.choice(len(self.pool), p=self._chances)))
        maps = self.arrays[rng.integers(len(self.arrays))]
        flips = tuple(axis for axis in (0, 1) if rng.random() < 0.5)
        image, maps = np.flip(image, flips), maps[:, :: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]
        if rng.random() < 0.3:
            image, maps = image.T, maps.transpose(0, 2, 1)
        image = image * np.exp(1j * smooth_phase(image.shape, rng, 0.4))
        mask = random_mask((image.shape[0], image.shape[1]), rng, self.discs)
        noise = float(np.exp(rng.uniform(np.log(NOISE[0]), np.log(NOISE[1]))))
        return acquire(np.asarray(image, np.complex64), maps, mask, noise, rng)


def acquire(image: ComplexImage, maps: ComplexMaps, mask: Mask, noise: float, rng: np.random.Generator) -> Scan:
    """What a scanner measures of an object.

    Parameters
    ----------
    image
        (y, x) complex64.
    maps
        (coils, any, any) sensitivities over the same field of view, of lower resolution.
    mask
        (ky, kx) of the image's matrix.
    noise
        Root mean square over coils of the standard deviation of complex noise in a sample, over the
        98th percentile of the noise-free coils' root-sum-of-squares.
    rng
        Of the noise, which is correlated between coils.
    """
    coils = len(maps)
    rows, columns = (_interpolation(a, b) for a, b in zip(maps.shape[1:], image.shape, strict=True))
    sensitivities = rows @ torch.from_numpy(np.ascontiguousarray(maps)) @ columns.T
    coil_images = sensitivities * torch.from_numpy(np.ascontiguousarray(image))
    brightest = float(np.percentile(root_sum_of_squares(coil_images).numpy(), 98))
    white = rng.standard_normal((coils, *image.shape, 2), dtype=np.float32)
    mixing = torch.from_numpy(noise_mixing(coils, rng)) * (noise * brightest / 2**0.5)
    coloured = torch.einsum("ab,byx->ayx", mixing, torch.view_as_complex(torch.from_numpy(white)))
    measured = torch.from_numpy(mask.astype(np.float32))
    kspace = (to_kspace(coil_images) + coloured) * measured
    return Scan(kspace, measured, calibration_size(mask), coil_images)


@functools.lru_cache(maxsize=256)
def _interpolation(samples: int, wanted: int) -> Tensor:
    """Matrix (wanted, samples) complex64 of cubic interpolation between grids over the same length."""
    unit = torch.eye(samples)[None, None]
    grown = functional.interpolate(unit, (wanted, samples), mode="bicubic", align_corners=False)
    return grown[0, 0].to(torch.complex64)
