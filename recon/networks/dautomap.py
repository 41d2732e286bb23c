"""dAUTOMAP: the learned transform decomposed into one along each axis, then a refining network.

Schlemper, Oksuz, Clough, Duan, King, Schnabel, Hajnal & Rueckert, *dAUTOMAP: decomposing AUTOMAP to
achieve scalability and enhance performance*, arXiv:1909.10995 (2019).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from recon.networks.automap import NEARLY_LINEAR
from recon.networks.unet import UNet

#: Sides must be multiples of this.
STRIDE = 8


class LearnedTransform(nn.Module):
    """A complex linear map along the rows' axis of complex images; starts as the centred inverse DFT.

    Parameters
    ----------
    side
        Length of that axis.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        place = torch.arange(side, dtype=torch.float64) - side // 2
        angle = 2 * math.pi * place[:, None] * place / side
        self.real = nn.Parameter((torch.cos(angle) * side**-0.5).float())
        self.imaginary = nn.Parameter((torch.sin(angle) * side**-0.5).float())

    def forward(self, image: Tensor) -> Tensor:
        """(batch, 2, y, x) from (batch, 2, ky, x)."""
        real, imaginary = image[:, 0], image[:, 1]
        return torch.stack(
            [
                self.real @ real - self.imaginary @ imaginary,
                self.imaginary @ real + self.real @ imaginary,
            ],
            1,
        )


class Dautomap(nn.Module):
    """Two learned one-dimensional transforms with tanh, then a U-Net that adds to the image.

    Parameters
    ----------
    side
        Samples and pixels a side.
    channels, blocks
        Of the U-Net.
    """

    def __init__(
        self, side: int = 256, channels: tuple[int, ...] = (32, 64, 96), blocks: tuple[int, ...] = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.along_readout = LearnedTransform(side)
        self.along_lines = LearnedTransform(side)
        self.refine = UNet(2, 4, channels, blocks)
        with torch.no_grad():
            bias = self.refine.tail.bias
            assert bias is not None
            bias[8:] = -2.0

    def transformed(self, kspace: Tensor) -> Tensor:
        """What the two transforms make of k-space (batch, 2, ky, kx): (batch, 2, y, x)."""
        first = self.along_readout(kspace).transpose(2, 3)
        hidden = torch.tanh(first * NEARLY_LINEAR) / NEARLY_LINEAR
        second = self.along_lines(hidden).transpose(2, 3)
        return torch.tanh(second * NEARLY_LINEAR) / NEARLY_LINEAR

    def refined(self, image: Tensor) -> Tensor:
        """The U-Net alone: :meth:`forward` from what :meth:`transformed` gave."""
        out = self.refine.features(image)
        return torch.cat([image + out[:, :2], functional.softplus(out[:, 2:])], 1)

    def forward(self, kspace: Tensor) -> Tensor:
        """Image and interval of k-space.

        Parameters
        ----------
        kspace
            (batch, 2, ky, kx) float32, zero where not measured, in units of the zero-filled image's root
            mean square.

        Returns
        -------
        Tensor
            (batch, 4, y, x): real and imaginary part; how far the true magnitude may lie below the
            image's (5 % quantile) and above it (95 % quantile), both not negative.
        """
        return self.refined(self.transformed(kspace))
