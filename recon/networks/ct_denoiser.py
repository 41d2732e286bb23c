"""Residual U-Net that estimates the noise of a CT slice, with heads for a 90 % interval."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.unet import UNet

#: Height and width must be multiples of this; callers pad.
STRIDE = 16
#: What the body's numbers are multiplied by.
NOISE_HU, WIDTH_HU = 50.0, 15.0


class LowPass(nn.Module):
    """A Gaussian filter of one channel, mirrored at the edges; it has no weights to train or to store.

    Parameters
    ----------
    deviation
        In pixels.
    """

    taps: Tensor

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.reach = math.ceil(3 * deviation)
        taps = torch.exp(-0.5 * (torch.arange(-self.reach, self.reach + 1) / deviation) ** 2)
        self.register_buffer("taps", taps / taps.sum(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 1, y, x) to the same shape; y and x above three deviations."""
        padded = functional.pad(image, (self.reach,) * 4, mode="reflect")
        rows = functional.conv2d(padded, self.taps[None, None, None, :])
        return functional.conv2d(rows, self.taps[None, None, :, None])


class CtDenoiser(UNet):
    """Estimates what to subtract from a slice, and how far off the result may be.

    Space is folded into channels first (pixel-unshuffle by 2), so that the widest layers run on a
    quarter of the pixels. The network returns the noise, not the image: the subtraction is done
    outside in single precision, so that reduced precision inside costs parts of the noise only.

    Parameters
    ----------
    channels
        Width of each level; every level halves the resolution.
    blocks
        Residual blocks of each level, on the way down and again on the way up.
    return_px
        The noise's low frequencies are left in the image: what a Gaussian of this deviation (pixels) keeps of
        it is returned. A quarter-dose scan holds little noise there, small lesions hold much, and no network
        tells them apart. 0 removes all.
    """

    def __init__(
        self,
        channels: tuple[int, ...] = (48, 96, 128, 192),
        blocks: tuple[int, ...] = (1, 1, 1, 2),
        return_px: float = 0.0,
    ) -> None:
        super().__init__(2, 3, channels, blocks)
        self.returned = LowPass(return_px) if return_px > 0 else None

    def forward(self, hu: Tensor) -> Tensor:
        """Noise and interval of slices.

        Parameters
        ----------
        hu
            (batch, 1, y, x) float32 in HU, y and x multiples of :data:`STRIDE`.

        Returns
        -------
        Tensor
            (batch, 3, y, x) in HU: the noise to subtract; how far the full-dose value may lie below
            the estimate (5 % quantile) and above it (95 % quantile). What is returned shifts the estimate and
            leaves the interval where it was.
        """
        out = self.features(self.windows(hu))
        noise = out[:, :1] * NOISE_HU
        below, above = (functional.softplus(out[:, 1:]) * WIDTH_HU).chunk(2, 1)
        if self.returned is None:
            return torch.cat([noise, below, above], 1)
        low = self.returned(noise)
        return torch.cat([noise - low, below + low, above - low], 1)

    @staticmethod
    def windows(hu: Tensor) -> Tensor:
        """What the body of the network sees: soft tissue and the whole range, (batch, 2, y, x)."""
        soft = torch.clamp(hu, -250.0, 350.0) * 0.01
        full = torch.clamp(hu, -1024.0, 3071.0) * 0.001
        return torch.cat([soft, full], 1)
