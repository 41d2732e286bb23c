"""Small lesions added to training patches, and what a network leaves of them.

The network runs on a patch and on the same patch with probes in it, noise and all alike. The difference of
the two images is what it made of the probes, free of noise. Its projection on the probes is the share of
their contrast that is kept; the shape of the rest is no matter, since a denoiser may blur a lesion a little
but must not fade it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recon.training.ct.pairs import Patches

_MOST = 8
_TRIES = 40
_BORDER_PX, _APART_PX = 6.0, 10.0
_DIAMETER_MM = (1.5, 10.0)
#: Contrast over the noise, and its limits in HU.
_CONTRAST = (0.2, 4.0)
_CONTRAST_HU = (5.0, 200.0)
_TISSUE_HU = (-200.0, 300.0)
#: Of a probe's energy, that must lie in tissue for it to count.
_LEAST_IN_TISSUE = 0.05


@dataclass(frozen=True)
class ProbesKept:
    """What became of the probes of each patch.

    Attributes
    ----------
    share
        (batch,) contrast kept, 1 for all of it.
    counts
        (batch,) 1 where enough of the probes lies in tissue, else 0.
    """

    share: Tensor
    counts: Tensor

    def loss(self) -> Tensor:
        """Mean square of what is missing."""
        return ((1 - self.share).square() * self.counts).sum() / self.counts.sum().clamp(min=1)


def draw(patches: Patches, rng: np.random.Generator) -> Tensor:
    """Probes for each patch, (batch, 1, y, x) HU.

    All probes of a patch have one contrast and about one size, since large ones would rule the projection.
    They are as sharp as the patch's kernel lets them be.
    """
    batch, _, side, _ = patches.low.shape
    axis = torch.arange(side, dtype=torch.float32)
    square = torch.fft.fftfreq(side)[:, None] ** 2 + torch.fft.rfftfreq(side)[None] ** 2
    probes = torch.zeros(batch, 1, side, side)
    for item in range(batch):
        limits = np.log(_CONTRAST)
        contrast = float(patches.noise_hu[item]) * math.exp(rng.uniform(limits[0], limits[1]))
        contrast = float(rng.choice([-1, 1])) * min(max(contrast, _CONTRAST_HU[0]), _CONTRAST_HU[1])
        shapes = _shapes(axis, float(patches.spacing_mm[item]), rng)
        blur = torch.exp(-square / float(patches.cutoff[item]) ** 2)
        probes[item, 0] = contrast * torch.fft.irfft2(torch.fft.rfft2(shapes) * blur, s=(side, side))
    return probes


def _shapes(axis: Tensor, spacing_mm: float, rng: np.random.Generator) -> Tensor:
    """Shapes (y, x) of height 1 that do not touch: discs, ellipses, pairs of dots and vessels; some textured."""
    y, x = axis[:, None], axis[None, :]
    side = len(axis)
    usual = rng.uniform(*np.log(_DIAMETER_MM))
    placed: list[tuple[float, float, float]] = []
    total = torch.zeros(side, side)
    for _ in range(_TRIES):
        if len(placed) == _MOST:
            break
        top, left = rng.uniform(_BORDER_PX, side - _BORDER_PX, 2)
        diameter = math.exp(usual + rng.uniform(-0.2, 0.2)) / spacing_mm
        if any(math.hypot(top - v, left - u) < _APART_PX + 0.5 * (diameter + d) for v, u, d in placed):
            continue
        placed.append((top, left, diameter))
        turn = rng.uniform(0, math.pi)
        along = (x - left) * math.cos(turn) + (y - top) * math.sin(turn)
        across = (y - top) * math.cos(turn) - (x - left) * math.sin(turn)
        total = torch.maximum(total, _shape(along, across, diameter, spacing_mm, rng))
    if rng.random() < 0.2:
        waves = torch.cos(x * rng.uniform(0.4, 1.2) + 6 * rng.random()) * torch.cos(y * rng.uniform(0.4, 1.2))
        total = total * (1 + 0.4 * waves)
    return total


def _shape(along: Tensor, across: Tensor, diameter: float, spacing_mm: float, rng: np.random.Generator) -> Tensor:
    kind = rng.random()
    if kind < 0.2:  # a vessel, up to 3 mm wide
        width, length = min(diameter, 3.0 / spacing_mm), rng.uniform(12.0, 28.0) / spacing_mm
        outside = torch.maximum(across.abs() - width / 2, along.abs() - length / 2)
    elif kind < 0.35:  # two dots, which must not become one
        apart = diameter * rng.uniform(0.8, 1.2)
        outside = torch.hypot(along.abs() - apart, across) - diameter / 2
    else:
        stretch = rng.uniform(1.0, 1.6) if kind < 0.6 else 1.0
        outside = torch.hypot(along / stretch, across * stretch) - diameter / 2
    return torch.clamp(0.5 - outside, 0, 1)


def kept(response: Tensor, probes: Tensor, full: Tensor) -> ProbesKept:
    """Projection of what a network made of probes on the probes, in tissue.

    Parameters
    ----------
    response
        (batch, 1, y, x) HU, image with probes less image without.
    probes
        (batch, 1, y, x) HU.
    full
        (batch, 1, y, x) HU, full-dose image without probes, which says where tissue is.
    """
    tissue = ((full > _TISSUE_HU[0]) & (full < _TISSUE_HU[1])).float()
    inside = probes * tissue
    energy = inside.square().sum((1, 2, 3))
    counts = (energy > _LEAST_IN_TISSUE * probes.square().sum((1, 2, 3)) + 1).float()
    return ProbesKept((response * inside).sum((1, 2, 3)) / (energy + 1e-3), counts)


def lesions(probes: Tensor) -> Tensor:
    """1 inside the probes, 0 elsewhere, (batch, 1, y, x)."""
    return (probes.abs() > 0.4 * probes.abs().amax((2, 3), keepdim=True)).float() * (probes != 0)
