"""Residual U-Net that estimates the noise of a CT slice, with heads for a 90 % interval."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Height and width must be multiples of this; callers pad.
STRIDE = 16


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.normal_(self.second.weight, std=1e-3)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(functional.relu(self.first(x)))
        return out


class CtDenoiser(nn.Module):
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
    """

    def __init__(self, channels: tuple[int, ...] = (48, 96, 128, 192), blocks: tuple[int, ...] = (1, 1, 1, 2)) -> None:
        super().__init__()
        self.head = nn.Conv2d(8, channels[0], 3, padding=1)
        self.down = nn.ModuleList(_stack(c, b) for c, b in zip(channels, blocks, strict=True))
        self.shrink = nn.ModuleList(
            nn.Conv2d(a, b, 2, stride=2) for a, b in zip(channels[:-1], channels[1:], strict=True)
        )
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(channels[:-1], channels[1:], strict=True)
        )
        self.up = nn.ModuleList(_stack(c, b + 1) for c, b in zip(channels[:-1], blocks[:-1], strict=True))
        self.tail = nn.Conv2d(channels[0], 12, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=1e-3)

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
            the estimate (5 % quantile) and above it (95 % quantile), both not negative.
        """
        soft = torch.clamp(hu, -250.0, 350.0) * 0.01
        full = torch.clamp(hu, -1024.0, 3071.0) * 0.001
        x = functional.pixel_unshuffle(torch.cat([soft, full], 1), 2)
        x = self.head(x)
        skips = []
        for level, stack in enumerate(self.down):
            x = stack(x)
            if level < len(self.shrink):
                skips.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.grow))):
            x = self.up[level](self.grow[level](x) + skips[level])
        out = functional.pixel_shuffle(self.tail(functional.relu(x)), 2).float()
        noise = out[:, :1] * 50.0
        width = functional.softplus(out[:, 1:]) * 15.0
        return torch.cat([noise, width], 1)


def _stack(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(_ResidualBlock(channels) for _ in range(blocks)))
