"""Sensitivities, Fourier transform and mask as one operator; Pruessmann et al., MRM 42:952 (1999)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from served.arrays import ComplexArray
from served.physics.fourier import fftn, ifftn, to_image, to_kspace
from served.physics.namespace import beside


class Sense:
    """A = mask F maps, of images (y, x) to k-space (coils, ky, kx), wherever the maps lie.

    The normal operator transforms one axis only where whole lines are measured: along the other the
    transform cancels.

    Parameters
    ----------
    maps
        (coils, y, x).
    mask
        (ky, kx), which samples were measured; NumPy's.
    workers
        Threads of the transforms.
    """

    def __init__(self, maps: ComplexArray, mask: npt.NDArray[np.bool_], workers: int | None = None) -> None:
        self.maps, self.mask, self.workers = maps, beside(mask, maps), workers
        self._conjugate = maps.conj()
        self._axes = (-1,) if bool((mask == mask[:1]).all()) else (-2, -1)
        shifted = np.fft.ifftshift(mask.astype(np.float32), self._axes)
        self._shown = beside(shifted[:1] if self._axes == (-1,) else shifted, maps)

    def forward(self, image: ComplexArray) -> ComplexArray:
        """A x."""
        return to_kspace(self.maps * image, self.workers) * self.mask

    def adjoint(self, kspace: ComplexArray) -> ComplexArray:
        """Aᴴ y of k-space that is zero where it was not measured."""
        return (self._conjugate * to_image(kspace, self.workers)).sum(0)

    def normal(self, image: ComplexArray) -> ComplexArray:
        """AᴴA x; the shifts of image space cancel."""
        planes = fftn(self.maps * image, self._axes, self.workers, overwrite=True)
        planes *= self._shown
        planes = ifftn(planes, self._axes, self.workers, overwrite=True)
        planes *= self._conjugate
        return planes.sum(0)
