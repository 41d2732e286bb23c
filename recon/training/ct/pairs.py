"""Endless low-dose / full-dose patches for training, made on the fly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recon.physics.reconstruction_kernel import SOFT, Kernel
from recon.training.ct.anatomy import CleanPicture
from recon.training.ct.noise_bank import NoiseBank

MARGIN = 12  # pixels that the periodic kernel filter may spoil at each border


@dataclass(frozen=True)
class Patches:
    """A batch of training patches.

    Attributes
    ----------
    low, full
        (batch, 1, y, x) HU: low-dose and full-dose image of the same anatomy. The full-dose image
        has noise of its own, which the low-dose image contains too.
    noise_hu
        (batch,) nominal standard deviation of the low-dose noise.
    cutoff
        (batch,) cut-off frequency of the reconstruction kernel, cycles per pixel.
    spacing_mm
        (batch,) pixel size.
    """

    low: Tensor
    full: Tensor
    noise_hu: Tensor
    cutoff: Tensor
    spacing_mm: Tensor


class PatchSampler:
    """Draws patches from clean pictures and a noise bank.

    Parameters
    ----------
    pictures, bank
        Anatomy and noise.
    patch
        Pixels per side of a patch.
    texture_share
        Share of patches whose structure is not CT.
    seed
        Of every random choice made here.
    """

    def __init__(
        self, pictures: list[CleanPicture], bank: NoiseBank, patch: int, texture_share: float, seed: int
    ) -> None:
        self.bank, self.patch, self.texture_share = bank, patch, texture_share
        self.rng = np.random.default_rng(seed)
        self._groups: dict[str, dict[str, list[tuple[Tensor, float]]]] = {"ct": {}, "texture": {}}
        for picture in pictures:
            values = torch.from_numpy(np.ascontiguousarray(picture.values, dtype=np.float32))
            group = self._groups[picture.role].setdefault(picture.source, [])
            group.append((values, picture.spacing_mm))
        bins = len(bank.spectrum)
        self._bin_frequency = (np.arange(bins) + 0.5) * 0.5 / bins

    def draw(self, batch: int, weights: dict[str, float]) -> Patches:
        """A batch; ``weights`` are the relative shares of the sources."""
        size = self.patch + 2 * MARGIN
        anatomy = torch.empty(batch, size, size)
        noises = torch.empty(batch, 2, size, size)
        transfers = torch.empty(batch, 2, size, size // 2 + 1)
        level, share = torch.empty(batch), torch.empty(batch)
        cutoffs, spacings = torch.empty(batch), torch.empty(batch)
        frequency = torch.hypot(torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None, :]).double()
        for item in range(batch):
            kernel = self._kernel()
            noise, spacing = self._noise(size)
            anatomy[item], source_cutoff = self._structure(size, weights)
            noises[item] = noise
            cutoff = kernel.cutoff * spacing
            cutoffs[item], spacings[item] = cutoff, spacing
            apodisation = kernel.transfer(frequency.numpy() / spacing)
            gain = self._kernel_gain(kernel, spacing)
            transfers[item, 0] = torch.from_numpy(apodisation * gain).float()
            extra = 1.0 / cutoff**2 - 1.0 / source_cutoff**2
            transfers[item, 1] = torch.exp(-max(extra, 0.0) * frequency**2).float()
            level[item] = self._noise_level()
            share[item] = 0.25 if self.rng.random() < 0.8 else self.rng.uniform(0.1, 0.5)
        clean = torch.fft.irfft2(torch.fft.rfft2(anatomy) * transfers[:, 1], s=(size, size))
        filtered = torch.fft.irfft2(torch.fft.rfft2(noises) * transfers[:, :1], s=(size, size))
        sigma = level[:, None, None]
        own = (sigma * share.sqrt()[:, None, None]) * filtered[:, 0]
        added = (sigma * (1 - share).sqrt()[:, None, None]) * filtered[:, 1]
        inner = slice(MARGIN, MARGIN + self.patch)
        full = torch.clamp(torch.round(clean + own), -1024, 3071)[:, None, inner, inner]
        low = torch.clamp(torch.round(clean + own + added), -1024, 3071)[:, None, inner, inner]
        return Patches(low, full, level, cutoffs, spacings)

    def _noise_level(self) -> float:
        if self.rng.random() < 0.04:
            return 1.0
        return float(np.exp(self.rng.uniform(math.log(5.0), math.log(60.0))))

    def _kernel(self) -> Kernel:
        if self.rng.random() < 0.75:
            cutoff, boost = self.rng.uniform(0.3, 0.55), 0.0
        else:
            cutoff = float(np.exp(self.rng.uniform(math.log(0.35), math.log(1.1))))
            boost = self.rng.uniform(0.0, 1.5)
        return Kernel(float(cutoff), float(self.rng.uniform(1.6, 3.0)), float(boost))

    def _kernel_gain(self, kernel: Kernel, spacing: float) -> float:
        """What brings filtered noise back to a standard deviation of 1 in the body."""
        frequency = self._bin_frequency / spacing
        power = self.bank.spectrum * self._bin_frequency
        soft = (power * SOFT.transfer(frequency) ** 2).sum()
        return float(np.sqrt(soft / (power * kernel.transfer(frequency) ** 2).sum()))

    def _noise(self, size: int) -> tuple[Tensor, float]:
        """Two independent noise patches (2, size, size) of one place in one scene."""
        scenes, realisations, height, width = self.bank.images.shape
        scene = self.rng.integers(scenes)
        top = self.rng.integers(height - size + 1)
        left = self.rng.integers(width - size + 1)
        crop = self.bank.images[scene, :, top : top + size, left : left + size].astype(np.float32)
        # orthonormal mixtures of realisations are realisations, so few of them go far
        mix, _ = np.linalg.qr(self.rng.normal(size=(realisations, 2)))
        pair = np.tensordot(mix.T, crop, 1).astype(np.float32)
        if self.rng.random() < 0.5:
            pair = pair[:, :, ::-1]
        if self.rng.random() < 0.5:
            pair = pair[:, ::-1]
        if self.rng.random() < 0.15:
            pair = pair.transpose(0, 2, 1)
        return torch.from_numpy(np.ascontiguousarray(pair)), float(self.bank.spacing_mm[scene])

    def _structure(self, size: int, weights: dict[str, float]) -> tuple[Tensor, float]:
        """A clean patch (size, size) in HU and the cut-off frequency it has, cycles per pixel."""
        role = "texture" if self.rng.random() < self.texture_share else "ct"
        groups = self._groups[role]
        names = list(groups)
        chance = np.array([weights.get(name, 1.0) for name in names])
        group = groups[names[self.rng.choice(len(names), p=chance / chance.sum())]]
        values, _ = group[self.rng.integers(len(group))]
        # CT sources have pixels of about 1 mm, the images to come 0.6 to 0.9 mm
        zoom = float(np.clip(np.exp(self.rng.normal(math.log(1.25), 0.25)), 0.7, 2.2))
        for _ in range(6):
            patch = self._warp(values, size, zoom)
            if role == "texture" or (patch > -300).float().mean() > 0.4 or self.rng.random() < 0.1:
                break
        if role == "texture":
            contrast = float(self.rng.choice([-1, 1]) * np.exp(self.rng.uniform(math.log(5), math.log(60))))
            patch = torch.clamp(self.rng.uniform(-100, 80) + contrast * patch, -1024, 1500)
            return self._lesions(patch), 0.55 / zoom
        if self.rng.random() < 0.5:
            patch = (patch - 40) * self.rng.uniform(0.7, 1.4) + 40 + self.rng.uniform(-30, 30)
        return self._lesions(patch), 0.42 / zoom

    def _warp(self, values: Tensor, size: int, zoom: float) -> Tensor:
        """A randomly placed, turned, stretched and flipped (size, size) window of a picture."""
        height, width = values.shape
        turn = self.rng.normal(0.0, 0.3)
        stretch = np.exp(self.rng.normal(0.0, 0.08))
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = matrix @ np.diag([stretch, 1 / stretch]) / zoom
        if self.rng.random() < 0.5:
            matrix[:, 0] *= -1
        half = size / (2 * zoom)
        centre_x = self.rng.uniform(min(half, width / 2), max(width - half, width / 2))
        centre_y = self.rng.uniform(min(half, height / 2), max(height - half, height / 2))
        axis = torch.arange(size) - (size - 1) / 2
        yy, xx = torch.meshgrid(axis, axis, indexing="ij")
        x = centre_x + matrix[0, 0] * xx + matrix[0, 1] * yy
        y = centre_y + matrix[1, 0] * xx + matrix[1, 1] * yy
        grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], -1).float()
        return functional.grid_sample(values[None, None], grid[None], "bicubic", "reflection", align_corners=True)[0, 0]

    def _lesions(self, patch: Tensor) -> Tensor:
        """Small low-contrast discs, so that rare structure is not smoothed away."""
        if self.rng.random() < 0.6:
            return patch
        size = patch.shape[-1]
        axis = torch.arange(size).float()
        for _ in range(int(self.rng.integers(1, 5))):
            x, y = self.rng.uniform(0, size, 2)
            radius, ratio = self.rng.uniform(1.5, 10), self.rng.uniform(0.6, 1.6)
            distance = torch.hypot((axis[None, :] - x) * ratio, axis[:, None] - y)
            contrast = self.rng.choice([-1, 1]) * np.exp(self.rng.uniform(np.log(8), np.log(120)))
            patch = patch + contrast * torch.sigmoid((radius - distance) / self.rng.uniform(0.3, 0.8))
        return patch
