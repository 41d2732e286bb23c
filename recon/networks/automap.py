"""AUTOMAP: a learned transform from samples to image, then convolutions; with heads for a 90 % interval.

Zhu et al., *Image reconstruction by domain-transform manifold learning*, Nature 555:487 (2018).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Before tanh; a pixel of 10 times the image's root mean square is bent by 0.08 %.
NEARLY_LINEAR = 0.005


class AcquiredToImage(nn.Module):
    """Dense complex layer from the acquired samples to all pixels, 8-bit weights with a scale a row.

    A complex matrix acts on real and imaginary part alike, which halves the weights.

    Parameters
    ----------
    pixels, samples
        Number of complex outputs and inputs.
    """

    def __init__(self, pixels: int, samples: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.register_buffer("weight", torch.zeros(2 * pixels, samples), persistent=False)
        self.register_buffer("column", torch.ones(samples), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, 2 pixels), real parts first, of (batch, 2, samples)."""
        weight, column = self.get_buffer("weight"), self.get_buffer("column")
        both = functional.linear(samples * column, weight)
        real = both[:, 0, : self.pixels] - both[:, 1, self.pixels :]
        imaginary = both[:, 1, : self.pixels] + both[:, 0, self.pixels :]
        return torch.cat([real, imaginary], 1)


class RealignedFourier(nn.Module):
    """The dense layer of the misaligned encoding, kept as its factors.

    Every other line is read late by a known time. Along the readout the inverse transform, a phase
    that undoes the delay, then the inverse transform along the lines: a product that is unitary, so
    that no regularisation is needed, and whose dense matrix would hold 33 million numbers.

    Parameters
    ----------
    side
        Samples of a line and number of lines.
    delay
        Of the odd lines, in samples.
    """

    def __init__(self, side: int, delay: float) -> None:
        super().__init__()
        place = torch.arange(side, dtype=torch.float64) - side // 2
        angle = 2 * math.pi * place[:, None] * place / side
        shift = 2 * math.pi * delay / side * place[:, None] * (torch.arange(side) % 2)
        for name, value in (("transform", angle), ("realign", shift)):
            size = side**-0.5 if name == "transform" else 1.0
            self.register_buffer(f"{name}_real", (torch.cos(value) * size).float(), persistent=False)
            self.register_buffer(f"{name}_imaginary", (torch.sin(value) * size).float(), persistent=False)
        self.side = side

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, 2 pixels), real parts first, of (batch, 2, samples) in the grid's order."""
        grid = samples.reshape(-1, 2, self.side, self.side)
        real, imaginary = grid[:, 0], grid[:, 1]
        c, s = self.get_buffer("transform_real"), self.get_buffer("transform_imaginary")
        p, q = self.get_buffer("realign_real"), self.get_buffer("realign_imaginary")
        real, imaginary = c @ real - s @ imaginary, s @ real + c @ imaginary
        real, imaginary = real * p - imaginary * q, real * q + imaginary * p
        real, imaginary = real @ c - imaginary @ s, real @ s + imaginary @ c
        return torch.stack([real, imaginary], 1).flatten(1)


class Automap(nn.Module):
    """Two dense layers with tanh, two convolutions, one transposed convolution.

    The first dense layer is a regularised inverse of the encoding plus a learned part of low rank, the
    second the identity plus a learned part of low rank; both start as the inverse alone. The
    convolutions add to what the dense layers give.

    Parameters
    ----------
    transform
        The fixed part of the first dense layer, (batch, 2, samples) to (batch, 2 pixels).
    samples
        Acquired complex samples.
    side
        Pixels a side.
    first_rank, second_rank
        Of the learned parts of the dense layers.
    channels
        Of the convolutions.
    """

    def __init__(
        self,
        transform: nn.Module,
        samples: int,
        side: int = 64,
        first_rank: int = 16,
        second_rank: int = 32,
        channels: int = 64,
    ) -> None:
        super().__init__()
        self.side = side
        self.transform = transform
        numbers = 2 * side * side
        self.first_in = nn.Linear(2 * samples, first_rank, bias=False)
        self.first_out = nn.Linear(first_rank, numbers, bias=False)
        self.second_in = nn.Linear(numbers, second_rank, bias=False)
        self.second_out = nn.Linear(second_rank, numbers)
        self.convolve = nn.Conv2d(2, channels, 5, padding=2)
        self.convolve_again = nn.Conv2d(channels, channels, 5, padding=2)
        self.deconvolve = nn.ConvTranspose2d(channels, 4, 7, padding=3)
        for layer in (self.first_in, self.second_in):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        for layer in (self.first_out, self.second_out):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.second_out.bias)
        nn.init.normal_(self.deconvolve.weight, std=2e-3)
        with torch.no_grad():
            bias = self.deconvolve.bias
            assert bias is not None
            bias.copy_(torch.tensor([0.0, 0.0, -2.0, -2.0]))

    def transformed(self, samples: Tensor) -> Tensor:
        """What the dense layers make of samples (batch, 2, samples): (batch, 2, y, x)."""
        first = self.transform(samples) + self.first_out(self.first_in(samples.flatten(1)))
        hidden = torch.tanh(first * NEARLY_LINEAR)
        second = torch.tanh(hidden + NEARLY_LINEAR * self.second_out(self.second_in(hidden / NEARLY_LINEAR)))
        return (second / NEARLY_LINEAR).reshape(-1, 2, self.side, self.side)

    def forward(self, samples: Tensor) -> Tensor:
        """Image and interval of samples.

        Parameters
        ----------
        samples
            (batch, 2, samples) float32, real and imaginary parts, in units of their root mean square.

        Returns
        -------
        Tensor
            (batch, 4, y, x): real and imaginary part; how far the true magnitude may lie below the
            image's (5 % quantile) and above it (95 % quantile), both not negative.
        """
        return self.refined(self.transformed(samples))

    def refined(self, image: Tensor) -> Tensor:
        """The convolutions alone: :meth:`forward` from what :meth:`transformed` gave."""
        features = functional.relu(self.convolve(image))
        features = functional.relu(self.convolve_again(features))
        out = self.deconvolve(features).float()
        return torch.cat([image + out[:, :2], functional.softplus(out[:, 2:])], 1)
