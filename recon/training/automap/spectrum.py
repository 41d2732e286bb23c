"""How many dimensions the learned transform uses; the paper's point is that they are few."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from recon.arrays import FloatArray
from recon.networks.automap import NEARLY_LINEAR, AcquiredToImage, Automap


def inverse_spectrum(network: Automap) -> FloatArray:
    """Singular values of the first layer's inverse, descending; of a closed-form unitary one, all 1."""
    if not isinstance(network.transform, AcquiredToImage):
        return np.ones(network.side**2, np.float32)
    weight = network.transform.get_buffer("weight") * network.transform.get_buffer("column")
    pixels = len(weight) // 2
    matrix = torch.complex(weight[:pixels], weight[pixels:])
    values = torch.linalg.eigvalsh(matrix.mH @ matrix).clamp_min(0).sqrt().flip(0)
    return np.asarray(values.numpy(), np.float32)


def learned_spectra(network: Automap) -> dict[str, FloatArray]:
    """Singular values of the low-rank parts of both dense layers, descending."""
    found = {}
    for name, inner, outer in (
        ("first", network.first_in, network.first_out),
        ("second", network.second_in, network.second_out),
    ):
        # of a product of thin matrices, through their QR factors
        left, right = torch.linalg.qr(outer.weight.detach())[1], torch.linalg.qr(inner.weight.detach().T)[1]
        found[name] = np.asarray(torch.linalg.svdvals(left @ right.T).numpy(), np.float32)
    return found


def hidden_spectrum(network: Automap, samples: Tensor) -> FloatArray:
    """Singular values of the first layer's activations over inputs (count, 2, samples), descending."""
    with torch.inference_mode():
        first = network.transform(samples) + network.first_out(network.first_in(samples.flatten(1)))
        hidden = torch.tanh(first * NEARLY_LINEAR) / NEARLY_LINEAR
        return np.asarray(torch.linalg.svdvals(hidden).numpy(), np.float32)


def components(values: FloatArray, share: float) -> int:
    """How many of the largest singular values hold that share of the energy."""
    energy = np.cumsum(np.square(values, dtype=np.float64))
    return int(np.searchsorted(energy, share * energy[-1]) + 1) if energy[-1] > 0 else 0
