"""Readout oversampling: a wider field of view than the object needs, free for the scanner to measure."""

from __future__ import annotations

import numpy as np
import scipy.fft

from recon.volumes import ComplexImage


def remove_oversampling(kspace: ComplexImage, keep: int, axis: int = -2) -> ComplexImage:
    """k-space whose image along ``axis`` is the central ``keep`` pixels of the given one.

    Parameters
    ----------
    kspace
        Any shape, complex64; fully sampled along ``axis`` or zero where not measured.
    keep
        At most the length of that axis.
    """
    length = kspace.shape[axis]
    if keep == length:
        return kspace
    line = scipy.fft.fftshift(scipy.fft.ifft(scipy.fft.ifftshift(kspace, axis), axis=axis, norm="ortho"), axis)
    line = np.take(line, range(length // 2 - keep // 2, length // 2 - keep // 2 + keep), axis)
    back = scipy.fft.fft(scipy.fft.ifftshift(line, axis), axis=axis, norm="ortho")
    return np.asarray(scipy.fft.fftshift(back, axis), np.complex64)
