"""Thermal noise of receive coils, measured on the scan itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def outer_noise(kspace: npt.NDArray[np.complex64], mask: npt.NDArray[np.bool_]) -> float:
    """Standard deviation of a coil's complex noise, from the 5 % of the measured samples farthest out.

    There noise outweighs anatomy, and the median leaves single strong samples without weight. The squared
    magnitude of complex noise is exponential, so that its median is the variance times ln 2.

    Parameters
    ----------
    kspace
        (coils, ky, kx).
    mask
        (ky, kx), which samples were measured; at least one.
    """
    height, width = mask.shape
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    distance = np.where(mask, np.hypot(y[:, None], x), 0).ravel()
    count = max(1, int(mask.sum()) // 20)
    outer = np.argpartition(distance, -count)[-count:]
    return float(np.sqrt(np.median(np.abs(kspace.reshape(len(kspace), -1)[:, outer]) ** 2) / np.log(2)))
