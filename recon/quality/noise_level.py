"""Noise level of a CT slice, measured on the slice itself."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray

BLOCK = 8
TISSUE_HU = (-200.0, 250.0)
_FEWEST_BLOCKS = 8
_AXIS = np.arange(BLOCK, dtype=np.float32) - (BLOCK - 1) / 2
_ONES = np.ones(BLOCK, np.float32)
_MOMENTS = np.stack([_ONES, _AXIS], axis=1)


def tissue_noise(hu: FloatArray) -> float:
    """Standard deviation of the noise in soft tissue, HU; NaN when there is too little tissue.

    Blocks of 8x8 pixels that are tissue on average; a plane is taken off each, so that slow changes
    do not count. The lower quartile of their standard deviations is nearly free of structure.

    Parameters
    ----------
    hu
        (y, x) in HU, of any type.
    """
    rows, columns = (side // BLOCK for side in hu.shape)
    used = hu[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns * BLOCK)
    blocks = np.array(used[::2], dtype=np.float32)  # every second row of blocks is enough
    blocks = blocks.reshape(-1, BLOCK, columns, BLOCK)
    lines = (blocks.reshape(-1, BLOCK) @ _MOMENTS).reshape(*blocks.shape[:3], 2)  # of each line of a block
    mean, moment_x = np.moveaxis(lines.sum(axis=1), -1, 0)
    mean = mean / BLOCK**2
    tissue = (mean > TISSUE_HU[0]) & (mean < TISSUE_HU[1])
    if np.count_nonzero(tissue) < _FEWEST_BLOCKS:
        return float("nan")
    moment_y = np.einsum("ryc,y->rc", lines[..., 0], _AXIS)
    blocks -= mean[:, None, :, None]
    np.multiply(blocks, blocks, out=blocks)
    variance = (blocks.reshape(-1, BLOCK) @ _ONES).reshape(blocks.shape[:3]).sum(axis=1) / BLOCK**2
    norm = BLOCK * float((_AXIS**2).sum())
    variance -= ((moment_x / norm) ** 2 + (moment_y / norm) ** 2) * float((_AXIS**2).mean())
    # a plane takes 3 of the 64 degrees of freedom
    return float(np.sqrt(np.quantile(np.maximum(variance[tissue], 0.0), 0.25) * BLOCK**2 / (BLOCK**2 - 3)))
