"""Centred orthonormal Fourier transform between image and k-space."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

ComplexArray = npt.NDArray[np.complex64]

_AXES = (-2, -1)


def to_kspace(image: ComplexArray) -> ComplexArray:
    """k-space (..., ky, kx) of images (..., y, x); unitary, zero frequency at index n // 2."""
    spectrum = scipy.fft.fft2(scipy.fft.ifftshift(image, _AXES), axes=_AXES, norm="ortho")
    return np.asarray(scipy.fft.fftshift(spectrum, _AXES), np.complex64)


def to_image(kspace: ComplexArray) -> ComplexArray:
    """Images (..., y, x) of k-space (..., ky, kx); inverse and adjoint of :func:`to_kspace`."""
    image = scipy.fft.ifft2(scipy.fft.ifftshift(kspace, _AXES), axes=_AXES, norm="ortho")
    return np.asarray(scipy.fft.fftshift(image, _AXES), np.complex64)
