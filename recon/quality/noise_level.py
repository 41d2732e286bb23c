"""Noise level of a CT slice, measured on the slice itself."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray

BLOCK = 8
TISSUE_HU = (-200.0, 250.0)
_FEWEST_BLOCKS = 8


def tissue_noise(hu: FloatArray) -> float:
    """Standard deviation of the noise in soft tissue, HU; NaN when there is too little tissue.

    Blocks of 8x8 pixels that are tissue on average; a plane is taken off each, so that slow changes
    do not count. The lower quartile of their standard deviations is nearly free of structure.

    Parameters
    ----------
    hu
        (y, x) in HU.
    """
    rows, columns = (side // BLOCK * BLOCK for side in hu.shape)
    blocks = (
        np.asarray(hu[:rows, :columns], dtype=np.float32)
        .reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
        .swapaxes(1, 2)[::2]  # every second row of blocks is enough
        .reshape(-1, BLOCK, BLOCK)
    )
    mean = blocks.mean(axis=(1, 2))
    blocks = blocks[(mean > TISSUE_HU[0]) & (mean < TISSUE_HU[1])]
    if len(blocks) < _FEWEST_BLOCKS:
        return float("nan")
    axis = np.arange(BLOCK, dtype=np.float32) - (BLOCK - 1) / 2
    norm = BLOCK * float((axis**2).sum())
    variance = blocks.var(axis=(1, 2))
    for slope_axis in (1, 2):
        # no matrix product: BLAS would leave a thread spinning beside the network
        slope = (blocks.sum(axis=3 - slope_axis) * axis).sum(axis=1) / norm
        variance -= slope**2 * float((axis**2).mean())
    # a plane takes 3 of the 64 degrees of freedom
    return float(np.sqrt(np.quantile(np.maximum(variance, 0.0), 0.25) * BLOCK**2 / (BLOCK**2 - 3)))
