"""Readout oversampling: a wider field of view than the object needs, free for the scanner to measure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
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


def still_measured(measured: npt.NDArray[np.bool_], keep: int) -> npt.NDArray[np.bool_]:
    """Which of ``keep`` samples lie within the measured part of an oversampled readout.

    Removing oversampling leaks a little signal into samples that an asymmetric echo never reached; they
    must not count as measured.

    Parameters
    ----------
    measured
        (length,) of the oversampled readout.
    keep
        Samples after :func:`remove_oversampling`.
    """
    length = len(measured)
    at = np.rint((np.arange(keep) - keep // 2) * (length / keep)).astype(int) + length // 2
    return measured[np.clip(at, 0, length - 1)]
