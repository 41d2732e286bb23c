"""Centred orthonormal Fourier transform between image and k-space, of arrays of any library."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from array_api_compat import is_numpy_array

from recon.arrays import ComplexArray
from recon.physics.namespace import namespace, zeros

_AXES = (-2, -1)


def to_kspace(image: ComplexArray, workers: int | None = None, axes: tuple[int, ...] = _AXES) -> ComplexArray:
    """k-space (..., ky, kx) of images (..., y, x); unitary, zero frequency at index n // 2; on so many threads."""
    return _centred(fftn, image, workers, axes)


def to_image(kspace: ComplexArray, workers: int | None = None, axes: tuple[int, ...] = _AXES) -> ComplexArray:
    """Images (..., y, x) of k-space (..., ky, kx); inverse and adjoint of :func:`to_kspace`."""
    return _centred(ifftn, kspace, workers, axes)


def _centred(transform: Any, array: ComplexArray, workers: int | None, axes: tuple[int, ...]) -> ComplexArray:
    fft = namespace(array).fft
    made = transform(fft.ifftshift(array, axes=axes), axes, workers, norm="ortho")
    return as_single(fft.fftshift(made, axes=axes))


def fftn(
    array: Any, axes: tuple[int, ...], workers: int | None = None, norm: str = "backward", *, overwrite: bool = False
) -> Any:
    """The transform over ``axes``, in the precision of what comes in.

    NumPy's arrays take SciPy's, which keeps single precision, on so many threads, and may ``overwrite`` them.
    """
    if is_numpy_array(array):
        return scipy.fft.fftn(array, axes=axes, norm=norm, workers=workers, overwrite_x=overwrite)
    return namespace(array).fft.fftn(array, axes=axes, norm=norm)


def ifftn(
    array: Any, axes: tuple[int, ...], workers: int | None = None, norm: str = "backward", *, overwrite: bool = False
) -> Any:
    """The inverse of :func:`fftn`."""
    if is_numpy_array(array):
        return scipy.fft.ifftn(array, axes=axes, norm=norm, workers=workers, overwrite_x=overwrite)
    return namespace(array).fft.ifftn(array, axes=axes, norm=norm)


def as_single(array: Any) -> ComplexArray:
    """Complex values in single precision; those that are come back as they are."""
    xp = namespace(array)
    return xp.astype(array, xp.complex64, copy=False)


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
    filled = zeros((*image.shape[:-2], *shape), kspace)
    (top, left), (rows, columns) = (n // 2 - side // 2 for n, side in zip(shape, sides, strict=True)), sides
    filled[..., top : top + rows, left : left + columns] = kspace
    return to_image(filled) * float(np.float32(np.sqrt(shape[0] * shape[1] / (rows * columns))))
