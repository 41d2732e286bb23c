"""Parallel-beam projection and filtered back-projection.

Scanners rebin their fan beam to parallel rays before they filter, so parallel geometry has the
noise texture that counts. The projector is DeepInverse's; its back-projection takes 4 to 38 s for
a 512x512 slice on a CPU, so the one here is written out (a test compares the two).
"""

from __future__ import annotations

import math
import warnings

import numba
import numpy as np
import torch

from recon.arrays import FloatArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from deepinv.physics import Tomography


class ParallelBeam:
    """Projections of a square image over half a turn.

    Parameters
    ----------
    size
        Pixels per side; there are as many detector elements, one pixel wide.
    views
        Angles over 180 degrees.
    """

    def __init__(self, size: int, views: int) -> None:
        self.size = size
        self.views = views
        self.degrees = torch.linspace(0.0, 180.0, views + 1)[:-1]
        self._radon = Tomography(
            angles=self.degrees,
            img_width=size,
            circle=True,
            parallel_computation=False,
            normalize=False,
        )

    def project(self, image: FloatArray, spacing_mm: float) -> FloatArray:
        """Line integrals (views, detectors) of ``image`` (size, size) in units of image x mm."""
        tensor = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None, None]
        with torch.no_grad():
            sinogram = self._radon.A(tensor)[0, 0]
        return sinogram.numpy().T.astype(np.float64) * spacing_mm

    def backproject(self, sinogram: FloatArray, spacing_mm: float) -> FloatArray:
        """Filtered back-projection (size, size) of line integrals (views, detectors), Ram-Lak."""
        filtered = _ramp(np.asarray(sinogram, dtype=np.float64), spacing_mm).astype(np.float32)
        radians = np.deg2rad(self.degrees.numpy().astype(np.float64))
        return _smear(filtered, np.cos(radians), np.sin(radians), self.size)


def _ramp(sinogram: FloatArray, spacing_mm: float) -> FloatArray:
    """Ram-Lak filter from its samples in space (Kak & Slaney, eq. 61), which keeps the mean."""
    detectors = sinogram.shape[1]
    padded = 2 ** math.ceil(math.log2(2 * detectors))
    taps = np.zeros(padded)
    taps[0] = 0.25
    odd = np.arange(1, padded // 2, 2)
    taps[odd] = taps[-odd] = -1.0 / (np.pi * odd) ** 2
    response = np.real(np.fft.fft(taps))[: padded // 2 + 1] / spacing_mm
    spectrum = np.fft.rfft(sinogram, padded, axis=1) * response
    return np.fft.irfft(spectrum, padded, axis=1)[:, :detectors]


@numba.njit(parallel=True, fastmath=True, cache=False)
def _smear(filtered, cosine, sine, size):  # type: ignore[no-untyped-def]
    """Sum the filtered views (views, detectors) over the image with linear interpolation."""
    views, detectors = filtered.shape
    image = np.zeros((size, size), np.float32)
    centre = (size - 1) / 2.0
    scale = np.pi / views
    for row in numba.prange(size):
        for view in range(views):
            start = centre - centre * cosine[view] - (row - centre) * sine[view]
            for column in range(size):
                position = start + column * cosine[view]
                left = int(np.floor(position))
                if 0 <= left < detectors - 1:
                    part = position - left
                    image[row, column] += scale * (
                        (1.0 - part) * filtered[view, left] + part * filtered[view, left + 1]
                    )
    return image
