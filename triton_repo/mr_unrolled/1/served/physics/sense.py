"""Sensitivities, Fourier transform and mask as one operator; Pruessmann et al., MRM 42:952 (1999)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

from served.arrays import ComplexArray
from served.physics.fourier import to_image, to_kspace


class Sense:
    """A = mask F maps, of images (y, x) to k-space (coils, ky, kx).

    The normal operator transforms one axis only where whole lines are measured: along the other the
    transform cancels.

    Parameters
    ----------
    maps
        (coils, y, x).
    mask
        (ky, kx), which samples were measured.
    workers
        Threads of the transforms.
    """

    def __init__(self, maps: ComplexArray, mask: npt.NDArray[np.bool_], workers: int | None = None) -> None:
        self.maps, self.mask, self.workers = maps, mask, workers
        self._conjugate = maps.conj()
        self._axes = (-1,) if bool((mask == mask[:1]).all()) else (-2, -1)
        shifted = scipy.fft.ifftshift(mask.astype(np.float32), self._axes)
        self._shown = shifted[:1] if self._axes == (-1,) else shifted

    def forward(self, image: ComplexArray) -> ComplexArray:
        """A x."""
        return np.asarray(to_kspace(self.maps * image, self.workers) * self.mask, np.complex64)

    def adjoint(self, kspace: ComplexArray) -> ComplexArray:
        """Aᴴ y of k-space that is zero where it was not measured."""
        return np.asarray((self._conjugate * to_image(kspace, self.workers)).sum(0), np.complex64)

    def normal(self, image: ComplexArray) -> ComplexArray:
        """AᴴA x; the shifts of image space cancel."""
        planes = self.maps * image
        planes = scipy.fft.fftn(planes, axes=self._axes, overwrite_x=True, workers=self.workers)
        planes *= self._shown
        planes = scipy.fft.ifftn(planes, axes=self._axes, overwrite_x=True, workers=self.workers)
        planes *= self._conjugate
        return np.asarray(planes.sum(0), np.complex64)
