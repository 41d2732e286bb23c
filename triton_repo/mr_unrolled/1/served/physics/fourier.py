"""Centred orthonormal Fourier transform between image and k-space."""

from __future__ import annotations

import numpy as np
import scipy.fft

from served.arrays import ComplexArray

_AXES = (-2, -1)


def to_kspace(image: ComplexArray, workers: int | None = None) -> ComplexArray:
    """k-space (..., ky, kx) of images (..., y, x); unitary, zero frequency at index n // 2; on so many threads."""
    spectrum = scipy.fft.fft2(scipy.fft.ifftshift(image, _AXES), axes=_AXES, norm="ortho", workers=workers)
    return np.asarray(scipy.fft.fftshift(spectrum, _AXES), np.complex64)


def to_image(kspace: ComplexArray, workers: int | None = None) -> ComplexArray:
    """Images (..., y, x) of k-space (..., ky, kx); inverse and adjoint of :func:`to_kspace`."""
    image = scipy.fft.ifft2(scipy.fft.ifftshift(kspace, _AXES), axes=_AXES, norm="ortho", workers=workers)
    return np.asarray(scipy.fft.fftshift(image, _AXES), np.complex64)


def finer(image: ComplexArray, shape: tuple[int, int]) -> ComplexArray:
    """Images (..., y, x) on more pixels over the same field of view, their k-space filled up with zeros.

    Parameters
    ----------
    image
        Any leading axes.
    shape
        Rows and columns wanted, at least as many as there are. Pixel n // 2 stays where it is, and values
        stay as they are.
    """
    kspace = to_kspace(image)
    sides = image.shape[-2:]
    filled = np.zeros((*image.shape[:-2], *shape), np.complex64)
    (top, left), (rows, columns) = (n // 2 - side // 2 for n, side in zip(shape, sides, strict=True)), sides
    filled[..., top : top + rows, left : left + columns] = kspace
    return np.asarray(to_image(filled) * np.float32(np.sqrt(shape[0] * shape[1] / (rows * columns))), np.complex64)
