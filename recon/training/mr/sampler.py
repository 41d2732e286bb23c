"""Endless simulated scans: objects seen through coils, noise and an under-sampling pattern."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.arrays import ComplexArray, Mask
from recon.networks.mr_unrolled import root_sum_of_squares, to_kspace
from recon.physics.sampling import calibration_size
from recon.training.mr.coils import HEAD_MM, LIMB_MM, TRUNK_MM, noise_mixing, receive_maps, uniform_map
from recon.training.mr.masks import draw_discs, random_mask
from recon.training.mr.objects import ObjectPool
from recon.training.mr.phase import smooth_phase

COILS = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32)
_CHANCES = (0.2, 0.06, 0.04, 0.11, 0.08, 0.13, 0.2, 0.08, 0.05, 0.03, 0.02)
_BODIES, _BODY_CHANCES = (HEAD_MM, TRUNK_MM, LIMB_MM), (0.5, 0.35, 0.15)
MOST_COILS = 12  # more are compressed to so many virtual ones, as the server does
NOISE = (0.002, 0.04)  # of a coil's complex samples, over the bright pixels (98th percentile)


@dataclass(frozen=True)
class SampledScan:
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
    maps
        (coils, y, x) complex64 sensitivities as the server finds them; None for the low-resolution ones.
    """

    kspace: Tensor
    mask: Tensor
    calibration: tuple[int, int]
    coil_images: Tensor
    maps: Tensor | None = None

    def to(self, where: torch.device) -> SampledScan:
        """The same scan on another device."""
        maps = None if self.maps is None else self.maps.to(where)
        return SampledScan(
            self.kspace.to(where), self.mask.to(where), self.calibration, self.coil_images.to(where), maps
        )


#: Sensitivities (coils, y, x) of k-space (coils, ky, kx) with a mask.
Sensitivities = Callable[[ComplexArray, Mask], ComplexArray]


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
    sensitivities
        The server's, which two scans of three are given; without, the network uses its own.
    noise
        Of a coil's complex samples over the bright pixels, from and to.
    """

    def __init__(
        self,
        pool: ObjectPool,
        arrays: int,
        seed: int,
        sensitivities: Sensitivities | None = None,
        noise: tuple[float, float] = NOISE,
    ) -> None:
        self.pool, self.sensitivities, self.noise = pool, sensitivities, noise
        # a small matrix teaches as much as a large one in a fraction of the time
        chances = 1.0 / pool.shapes.prod(axis=1).astype(float) ** 2
        self._chances = chances / chances.sum()
        self.rng = np.random.default_rng(seed)
        counts = self.rng.choice(COILS, size=arrays, p=_CHANCES)
        self.arrays = [draw_array(int(count), self.rng) for count in counts]
        self.discs = draw_discs(max(2, arrays // 10), seed)

    def draw(self) -> SampledScan:
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
        noise = float(np.exp(rng.uniform(*np.log(self.noise))))
        scan = compressed(acquire(np.asarray(image, np.complex64), maps, mask, noise, rng))
        if self.sensitivities is None or len(scan.kspace) == 1 or rng.random() > 0.67:
            return scan
        return replace(scan, maps=torch.from_numpy(self.sensitivities(scan.kspace.numpy(), mask)))


def draw_array(coils: int, rng: np.random.Generator) -> ComplexArray:
    """Sensitivities of an array for a head, a trunk or a limb; a single coil is mostly a volume coil."""
    if coils == 1 and rng.random() < 0.6:
        return uniform_map(rng)
    return receive_maps(coils, rng, _BODIES[rng.choice(len(_BODIES), p=_BODY_CHANCES)])


def compressed(scan: SampledScan) -> SampledScan:
    """The scan with at most 12 virtual coils, found in its calibration: Huang et al., MRI 26:133 (2008)."""
    if len(scan.kspace) <= MOST_COILS:
        return scan
    rows, columns = (
        slice(side // 2 - taken // 2, side // 2 - taken // 2 + taken)
        for side, taken in zip(scan.mask.shape, scan.calibration, strict=True)
    )
    centre = scan.kspace[:, rows, columns].flatten(1).to(torch.complex128)
    _, vectors = torch.linalg.eigh(centre @ centre.conj().T)
    matrix = vectors[:, -MOST_COILS:].conj().T.to(torch.complex64)
    kspace, images = (torch.tensordot(matrix, data, 1) for data in (scan.kspace, scan.coil_images))
    return replace(scan, kspace=kspace, coil_images=images)


def acquire(image: ComplexArray, maps: ComplexArray, mask: Mask, noise: float, rng: np.random.Generator) -> SampledScan:
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
    return SampledScan(kspace, measured, calibration_size(mask), coil_images)


@functools.lru_cache(maxsize=256)
def _interpolation(samples: int, wanted: int) -> Tensor:
    """Matrix (wanted, samples) complex64 of cubic interpolation between grids over the same length."""
    unit = torch.eye(samples)[None, None]
    grown = functional.interpolate(unit, (wanted, samples), mode="bicubic", align_corners=False)
    return grown[0, 0].to(torch.complex64)
