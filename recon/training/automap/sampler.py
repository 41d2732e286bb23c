"""Random complex images and their noisy samples, drawn anew for every step.

The authors of AUTOMAP trained on photographs and anatomy with a phase that varies smoothly; so does this.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from recon.physics.encoding import Encoding
from recon.training.automap.images import Bank


class Sampler:
    """Draws images from a bank.

    Parameters
    ----------
    bank
        Pictures, ``shrink`` times as large as wanted.
    photographs
        Share of photographs.
    shrink
        Pixels are averaged this many a side.
    """

    def __init__(self, bank: Bank, photographs: float, shrink: int = 2) -> None:
        self._shrink = shrink
        self._anatomy = torch.from_numpy(bank.anatomy)
        self._photographs = torch.from_numpy(bank.photographs)
        self._share = photographs if len(bank.photographs) and len(bank.anatomy) else float(not len(bank.anatomy))

    def magnitudes(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, y, x) float32 pictures, turned, flipped, scaled, moved, with a random intensity curve."""
        photographs = torch.rand(count, generator=rng) < self._share
        parts = []
        for kind, number in ((self._photographs, int(photographs.sum())), (self._anatomy, int((~photographs).sum()))):
            if number:
                parts.append(kind[torch.randint(len(kind), (number,), generator=rng)])
        pictures = torch.cat(parts)[:, None].float() / 255
        is_anatomy = torch.arange(count) >= int(photographs.sum())
        turned = _turned(pictures, rng)
        small = functional.avg_pool2d(turned, self._shrink)[:, 0]
        curved = _curved(small, rng)
        return torch.where((is_anatomy & (torch.rand(count, generator=rng) < 0.7))[:, None, None], curved, small)

    def images(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, y, x) complex64 of random smooth phase and root mean square 1."""
        magnitude = self.magnitudes(count, rng)
        magnitude = magnitude / magnitude.square().mean((1, 2), keepdim=True).sqrt().clamp_min(1e-3)
        return torch.polar(magnitude, smooth_phase(count, magnitude.shape[-1], rng))


class AcquisitionOperator:
    """Samples of images under an encoding, in torch.

    Parameters
    ----------
    encoding
        What is measured.
    """

    def __init__(self, encoding: Encoding) -> None:
        rows, columns = encoding.exponentials()
        self._rows = torch.from_numpy(rows)
        self._columns = torch.from_numpy(columns)

    def __call__(self, images: Tensor) -> Tensor:
        """(batch, samples) complex64 of (batch, y, x) complex64."""
        return torch.einsum("sy,bys->bs", self._rows, images @ self._columns.T)


def noisy(samples: Tensor, decibel: Tensor, rng: torch.Generator) -> Tensor:
    """Samples with white Gaussian noise so many dB below their root mean square."""
    noise = torch.complex(*(torch.randn(samples.shape, generator=rng) for _ in range(2))) * math.sqrt(0.5)
    level = root_mean_square(samples) * 10 ** (-decibel[:, None] / 20)
    return samples + level * noise


def root_mean_square(samples: Tensor) -> Tensor:
    """(batch, 1) of (batch, samples)."""
    return samples.abs().square().mean(1, keepdim=True).sqrt().clamp_min(1e-12)


def as_input(samples: Tensor) -> tuple[Tensor, Tensor]:
    """The network's input (batch, 2, samples) and what it was divided by, (batch, 1)."""
    scale = root_mean_square(samples)
    unit = samples / scale
    return torch.stack([unit.real, unit.imag], 1), scale


def smooth_phase(count: int, side: int, rng: torch.Generator) -> Tensor:
    """(count, side, side) float32 in radians: a constant anywhere on the circle and slow random variation."""
    coarse = torch.randn(count, 1, 5, 5, generator=rng)
    smooth = functional.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=True)[:, 0]
    amount = 1.2 * torch.rand(count, 1, 1, generator=rng)
    offset = 2 * math.pi * torch.rand(count, 1, 1, generator=rng)
    return amount * smooth + offset


def _turned(pictures: Tensor, rng: torch.Generator) -> Tensor:
    count = len(pictures)
    angle = (torch.rand(count, generator=rng) - 0.5) * 0.9 + math.pi / 2 * torch.randint(4, (count,), generator=rng)
    scale = 0.85 + 0.45 * torch.rand(count, generator=rng)  # above 1, the picture shrinks
    flip = 1.0 - 2.0 * torch.randint(2, (count,), generator=rng)
    move = (torch.rand(count, 2, generator=rng) - 0.5) * 0.25
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    top = torch.stack([cosine * flip, -sine, move[:, 0]], 1)
    bottom = torch.stack([sine * flip, cosine, move[:, 1]], 1)
    grid = functional.affine_grid(torch.stack([top, bottom], 1), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, align_corners=False)


def _curved(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Other contrasts: intensities through a random piecewise linear curve that keeps 0."""
    knots = 6
    values = torch.rand(len(pictures), knots, generator=rng)
    values[:, 0] = 0.0
    place = pictures.clamp(0, 1) * (knots - 1)
    lower = place.floor().clamp(max=knots - 2).long()
    left = values.gather(1, lower.flatten(1)).reshape(place.shape)
    right = values.gather(1, lower.flatten(1) + 1).reshape(place.shape)
    return left + (right - left) * (place - lower)


def generator(seed: int, step: int) -> torch.Generator:
    """Random numbers of one step: the same step draws the same data."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0]) >> 1)


def to_numpy(images: Tensor) -> npt.NDArray[np.complex64]:
    """Complex images as an array."""
    return np.asarray(images.numpy(), np.complex64)
