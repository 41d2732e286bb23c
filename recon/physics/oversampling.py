"""Readout oversampling: a wider field of view than the object needs, free for the scanner to measure."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recon.physics.fourier import to_image, to_kspace
from recon.volumes import ComplexImage

_Number = TypeVar("_Number", bound=np.generic)


def remove_oversampling(kspace: ComplexImage, keep: int, axis: int = -1) -> ComplexImage:
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
    line = to_image(kspace, axes=(axis,))
    line = np.take(line, range(length // 2 - keep // 2, length // 2 - keep // 2 + keep), axis)
    return to_kspace(line, axes=(axis,))


def still_measured(counts: npt.NDArray[_Number], keep: int) -> npt.NDArray[_Number]:
    """How often ``keep`` samples were measured, of the counts of oversampled readouts.

    Removing oversampling leaks a little signal into samples that an asymmetric echo never reached; they
    must not count as measured.

    Parameters
    ----------
    counts
        (..., length) of the oversampled readouts, 0 where nothing was measured.
    keep
        Samples after :func:`remove_oversampling`.
    """
    length = counts.shape[-1]
    at = np.rint((np.arange(keep) - keep // 2) * (length / keep)).astype(int) + length // 2
    return counts[..., np.clip(at, 0, length - 1)]
