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


def tissue_noise(hu: FloatArray, tissue_of: FloatArray | None = None) -> float:
    """Standard deviation of the noise in soft tissue, HU; NaN when there is too little tissue.

    Blocks of 8x8 pixels that are tissue on average; a plane is taken off each, so that slow changes
    do not count. The lower quartile of their standard deviations is nearly free of structure, and 0.8 to 0.95 of the
    deviation of all pixels: hold it against its like only.

    Parameters
    ----------
    hu
        (y, x) in HU, of any type.
    tissue_of
        (y, x) in HU, whose tissue it is; ``hu`` itself by default.
    """
    blocks = _blocks(hu)
    lines = (blocks.reshape(-1, BLOCK) @ _MOMENTS).reshape(*blocks.shape[:3], 2)  # of each line of a block
    mean, moment_x = np.moveaxis(lines.sum(axis=1), -1, 0)
    mean = mean / BLOCK**2
    level = mean if tissue_of is None else _blocks(tissue_of).mean(axis=(1, 3))
    tissue = (level > TISSUE_HU[0]) & (level < TISSUE_HU[1])
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


def _blocks(hu: FloatArray) -> FloatArray:
    """A copy as (rows of blocks, y, columns of blocks, x); every second row of blocks is enough."""
    rows, columns = (side // BLOCK for side in hu.shape)
    used = hu[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns * BLOCK)
    return np.array(used[::2], dtype=np.float32).reshape(-1, BLOCK, columns, BLOCK)
