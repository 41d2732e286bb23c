"""Unrolled MR reconstruction: small U-Nets alternate with conjugate-gradient data consistency.

Aggarwal et al., *MoDL*, TMI 38:394 (2019); Sriram et al., *End-to-End Variational Networks*, MICCAI 2020.
Sensitivities are windowed low-resolution coil images over their root-sum-of-squares: McKenzie et al.,
MRM 47:529 (2002). The server refines them by ESPIRiT, which is too slow for every step of a training.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.unet import UNet

CG_STEPS = 6
BACKWARD_STEPS = 4  # the gradient needs no more digits
START_STEPS, START_WEIGHT = 7, 0.02
MEMORY = 8  # feature planes that a cascade hands to the next, at full resolution
CONDITIONS = 2
STRIDE = 8  # height and width of the U-Nets' planes are multiples of this
LARGEST_CALIBRATION = 32
LEAST_WIDTH = 2e-4


class UnrolledResult(NamedTuple):
    """What :class:`UnrolledNetwork` makes of k-space.

    Attributes
    ----------
    estimates
        (cascades, y, x) complex64 image after each cascade; the last is the result.
    widths
        (2, y, x) how far the magnitude may lie below and above it, positive.
    maps
        (coils, y, x) sensitivities with root-sum-of-squares 1.
    start
        (y, x) complex64 regularised CG-SENSE that the cascades start from.
    """

    estimates: Tensor
    widths: Tensor
    maps: Tensor
    start: Tensor


class Prior(UNet):
    """What one cascade's U-Net adds to the image before data consistency."""

    def __init__(self, channels: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__(4 + MEMORY, 4 + MEMORY, channels, blocks, conditions=CONDITIONS)
        self.weight = nn.Linear(CONDITIONS, 1)
        nn.init.zeros_(self.weight.weight)
        nn.init.constant_(self.weight.bias, -2.0)

    def forward(self, planes: Tensor, memory: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Update (1, 2, y, x), widths (1, 2, y, x), memory (1, 8, y, x) and weight of the prior (1, 1).

        Parameters
        ----------
        planes
            (1, 4, y, x) real and imaginary part of the image and of the data term's gradient there, the
            calibration image's maximum being 1; y, x multiples of 8.
        memory
            (1, 8, y, x) of the cascade before; zeros for the first.
        conditions
            (1, 2) of :func:`conditions`.
        """
        out = self.features(torch.cat([planes, memory], 1), conditions)
        weight = functional.softplus(self.weight(conditions))
        widths = 0.1 * functional.softplus(out[:, 2:4] - 2.0) + LEAST_WIDTH
        return 0.1 * out[:, :2], widths, out[:, 4:], weight


class UnrolledNetwork(nn.Module):
    """The whole network on torch tensors, for training; the server runs the same steps in NumPy.

    Parameters
    ----------
    channels, blocks
        Of each cascade's U-Net.
    cascades
        How many.
    repeats
        How often the last one runs; the later times it goes on from its own result.
    """

    def __init__(
        self,
        channels: tuple[int, ...] = (32, 64, 96),
        blocks: tuple[int, ...] = (1, 1, 1),
        cascades: int = 3,
        repeats: int = 1,
    ) -> None:
        super().__init__()
        self.cascades = nn.ModuleList(Prior(channels, blocks) for _ in range(cascades))
        self.repeats = repeats

    def forward(
        self, kspace: Tensor, mask: Tensor, calibration: tuple[int, int], maps: Tensor | None = None
    ) -> UnrolledResult:
        """Image and interval.

        Parameters
        ----------
        kspace
            (coils, ky, kx) complex64, zero frequency at index n // 2, zero where not measured, any scale.
        mask
            (ky, kx) 1 where measured.
        calibration
            Height and width of the fully sampled centre to estimate sensitivities from.
        maps
            Sensitivities (coils, y, x) to use in place of the low-resolution ones.
        """
        height, width = mask.shape
        low = calibration_images(kspace, calibration)
        combined = root_sum_of_squares(low)
        scale = combined.max()
        maps = low / (combined + 1e-6 * scale) if maps is None else maps
        data = DataTerm(maps, mask)
        adjoint = (maps.conj() * to_image(kspace / scale)).sum(0)
        image, residual = data.solve(adjoint, None, START_WEIGHT, START_STEPS)
        gradient = -START_WEIGHT * image - residual
        start = image * scale
        given = conditions(noise_level(kspace, mask) / scale, mask.mean())[None]
        pad = (0, -width % STRIDE, 0, -height % STRIDE)
        memory = torch.zeros(1, MEMORY, height + pad[3], width + pad[1], device=image.device)
        estimates, widths = [], memory
        for prior in [*self.cascades, *[self.cascades[-1]] * (self.repeats - 1)]:
            planes = functional.pad(torch.cat([_planes(image), _planes(gradient)], 1), pad)
            update, widths, memory, weight = prior(planes, memory, given)
            update = update[0, :, :height, :width].float()
            wanted = image + torch.complex(update[0].contiguous(), update[1].contiguous())
            image, residual = _Solve.apply(wanted, weight[0, 0].float(), adjoint, data)
            gradient = weight[0, 0].float() * (wanted - image) - residual
            estimates.append(image * scale)
        return UnrolledResult(torch.stack(estimates), widths[0, :, :height, :width].float() * scale, maps, start)


class DataTerm:
    """``|mask F maps x - y|²`` of an image; transforms one axis only where whole lines are measured.

    Parameters
    ----------
    maps
        (coils, y, x) complex64 with root-sum-of-squares 1.
    mask
        (ky, kx) 1 where measured.
    """

    def __init__(self, maps: Tensor, mask: Tensor) -> None:
        self.maps = maps
        self.axes = (-1,) if bool((mask == mask[:1]).all()) else (-2, -1)
        shifted = torch.fft.ifftshift(mask, self.axes)
        self.mask = shifted[:1] if self.axes == (-1,) else shifted

    def normal(self, x: Tensor) -> Tensor:
        """``AᴴA x``; the shifts of image space cancel."""
        spectrum = torch.fft.fftn(self.maps * x, dim=self.axes)
        return (self.maps.conj() * torch.fft.ifftn(spectrum * self.mask, dim=self.axes)).sum(0)

    def solve(self, adjoint: Tensor, prior: Tensor | None, weight: Tensor | float, steps: int) -> tuple[Tensor, Tensor]:
        """Minimise ``|Ax - y|² + weight |x - prior|²`` by conjugate gradients from ``prior`` (none: zero).

        Returns the image and what is left of the normal equations.
        """
        x = torch.zeros_like(adjoint) if prior is None else prior
        residual = adjoint if prior is None else adjoint - self.normal(x)
        direction = residual
        energy = _inner(residual, residual)
        for _ in range(steps):
            applied = self.normal(direction) + weight * direction
            step = energy / (_inner(direction, applied) + 1e-20)
            x = x + step * direction
            residual = residual - step * applied
            renewed = _inner(residual, residual)
            direction = residual + renewed / (energy + 1e-20) * direction
            energy = renewed
        return x, residual


class _Solve(torch.autograd.Function):
    """Data consistency, differentiated implicitly: the gradient is one more solution of the same equations."""

    @staticmethod
    def forward(ctx: Any, prior: Tensor, weight: Tensor, adjoint: Tensor, data: DataTerm) -> tuple[Tensor, Tensor]:
        image, residual = data.solve(adjoint, prior, weight, CG_STEPS)
        ctx.data = data
        ctx.save_for_backward(prior, weight, image)
        ctx.mark_non_differentiable(residual)
        return image, residual

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None, None]:
        prior, weight, image = ctx.saved_tensors
        solved, _residual = ctx.data.solve(upstream, None, weight, BACKWARD_STEPS)
        return weight * solved, _inner(solved, prior - image), None, None


def conditions(noise: Tensor, share: Tensor) -> Tensor:
    """Logarithms of noise level and acceleration, each about within -1 to 1, (2,).

    Parameters
    ----------
    noise
        Standard deviation of a coil's complex noise over the maximum of the calibration image.
    share
        Of k-space that is measured.
    """
    level = (torch.log(noise.clamp(1e-4, 1.0)) + 4.5) / 2.0
    return torch.stack([level, -torch.log(share) - 1.3])


def noise_level(kspace: Tensor, mask: Tensor) -> Tensor:
    """Standard deviation of a coil's complex noise, from the 5 % of the measured samples farthest out.

    The median of the squared magnitude of complex Gaussian noise is ln 2 times its variance.
    """
    height, width = mask.shape
    y, x = (torch.linspace(-1, 1, side, device=mask.device) for side in (height, width))
    distance = torch.where(mask > 0, torch.hypot(y[:, None], x[None]), 0.0).flatten()
    outer = torch.topk(distance, max(1, int(mask.sum()) // 20)).indices
    power = kspace.flatten(1)[:, outer].abs().square()
    return (power.flatten().quantile(0.5) / math.log(2)).sqrt()


def calibration_images(kspace: Tensor, calibration: tuple[int, int]) -> Tensor:
    """Low-resolution coil images (coils, y, x) from the tapered centre of k-space."""
    sides = kspace.shape[-2:]
    taken = [min(c, s, LARGEST_CALIBRATION) for c, s in zip(calibration, sides, strict=True)]
    rows, columns = (slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(sides, taken, strict=True))
    taper = torch.outer(*(_taper(t) for t in taken)).to(kspace.device)
    centre = torch.zeros_like(kspace)
    centre[:, rows, columns] = kspace[:, rows, columns] * taper
    return to_image(centre)


def root_sum_of_squares(images: Tensor) -> Tensor:
    """Over coils: (y, x) of (coils, y, x)."""
    return torch.view_as_real(images).square().sum((0, -1)).sqrt()


def _taper(length: int) -> Tensor:
    offset = torch.arange(length) - length // 2
    return torch.cos(torch.pi * offset / (length + 2)).square()


def to_kspace(image: Tensor) -> Tensor:
    """Centred orthonormal transform of the last two axes."""
    axes = (-2, -1)
    return torch.fft.fftshift(torch.fft.fft2(torch.fft.ifftshift(image, axes), norm="ortho"), axes)


def to_image(kspace: Tensor) -> Tensor:
    """Inverse and adjoint of :func:`to_kspace`."""
    axes = (-2, -1)
    return torch.fft.fftshift(torch.fft.ifft2(torch.fft.ifftshift(kspace, axes), norm="ortho"), axes)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """Real part of the inner product of two images."""
    return torch.vdot(a.flatten(), b.flatten()).real


def _planes(image: Tensor) -> Tensor:
    return torch.view_as_real(image).permute(2, 0, 1)[None]
