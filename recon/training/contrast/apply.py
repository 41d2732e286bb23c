"""A trained network on a whole pair of scans, with the features that the service computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from recon.arrays import FloatArray
from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.tasks.contrast_features import CHANNELS, STRIDE, fill
from recon.training.contrast.sampler import Prepared


@dataclass(frozen=True)
class Enhanced:
    """Slices (slice, y, x), 99th percentile of the pre scan 1; the half-width is not yet calibrated."""

    enhancement: FloatArray
    image: FloatArray
    half_width: FloatArray


def enhance(network: ContrastEnhancer, prepared: Prepared, slices: list[int]) -> Enhanced:
    """Run a network on some slices of a prepared pair."""
    rows, columns = prepared.features.mean.shape[1:]
    padded = (rows + -rows % STRIDE, columns + -columns % STRIDE)
    scalars = torch.from_numpy(prepared.conditions)[None]
    features = np.empty((1, CHANNELS, *padded), np.float32)
    found = []
    for index in slices:
        fill(prepared.features, index, features[0])
        with torch.no_grad():
            found.append(network(torch.from_numpy(features), scalars)[0, :, :rows, :columns].numpy())
    output = np.stack(found)
    mean = prepared.features.mean[slices]
    share = np.float32(1 - 0.5 * prepared.dose_fraction)
    return Enhanced(output[:, 0], mean + share * output[:, 0], 0.5 * (output[:, 1] + output[:, 2]))
