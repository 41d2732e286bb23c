"""U-Net that estimates what a full dose of contrast agent adds, with heads for a 90 % interval."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recon.networks.unet import UNet

#: Slices, smoothed differences and channels, as recon.tasks.contrast.features lays them out.
SLICES, SMOOTHED = 5, 4
CHANNELS = 2 * SLICES + SMOOTHED + 1
#: Height and width must be multiples of this; callers pad.
STRIDE = 8
_CANDIDATES = SMOOTHED + 3


class ContrastEnhancer(UNet):
    """Mixes differently smoothed differences per pixel, and adds a small correction.

    The mixture (a softmax over the middle slice's difference as it is and smoothed, what anatomy alone
    explains, and nothing) is tied to evidence: where the low-dose scan shows no difference, all
    candidates are near zero. Anatomy is never an output.

    Parameters
    ----------
    channels
        Width of each level; every level halves the resolution.
    blocks
        Residual blocks of each level, on the way down and one more on the way up.
    """

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128), blocks: tuple[int, ...] = (1, 1, 2)) -> None:
        super().__init__(CHANNELS, _CANDIDATES + 3, channels, blocks, conditions=2)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Enhancement and interval of slices.

        Parameters
        ----------
        features
            (batch, 15, y, x) float32: mean and scaled difference of five slices, four smoothed differences
            and a regression of the middle one; 99th percentile of the pre scan 1; y, x multiples of :data:`STRIDE`.
        conditions
            (batch, 2): logarithms of the noise of the scaled difference and of the dose fraction.

        Returns
        -------
        Tensor
            (batch, 3, y, x): enhancement of the full dose; how far the full-dose value may lie below the
            estimate (5 % quantile) and above it (95 % quantile), both not negative.
        """
        out = self.features(features, conditions)
        middle = features[:, SLICES + SLICES // 2 : SLICES + SLICES // 2 + 1]
        nothing = torch.zeros_like(middle)
        candidates = torch.cat([middle, features[:, 2 * SLICES :], nothing], 1)
        share = torch.softmax(3.0 * out[:, :_CANDIDATES], 1)
        enhancement = (share * candidates).sum(1, keepdim=True) + out[:, _CANDIDATES : _CANDIDATES + 1]
        width = functional.softplus(out[:, _CANDIDATES + 1 :] - 2.0) * 0.5
        return torch.cat([enhancement, width], 1)
