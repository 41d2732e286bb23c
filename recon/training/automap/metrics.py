"""How far a magnitude image is from the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Fidelity:
    """Means over images.

    Attributes
    ----------
    rmse
        Root mean square error of the magnitude over the truth's maximum.
    snr_decibel
        Energy of the truth over that of the error.
    psnr_decibel
        Truth's maximum over the root mean square error.
    """

    rmse: float
    snr_decibel: float
    psnr_decibel: float


def fidelity(image: npt.NDArray[np.generic], truth: npt.NDArray[np.generic]) -> Fidelity:
    """Compare magnitudes of images (count, y, x)."""
    error = np.abs(image).astype(np.float64) - np.abs(truth)
    squared = np.square(error).mean((1, 2))
    peak, energy = np.abs(truth).max((1, 2)), np.square(np.abs(truth)).mean((1, 2))
    rmse = np.sqrt(squared) / peak
    snr = 10 * np.log10(energy / squared)
    return Fidelity(float(rmse.mean()), float(snr.mean()), float((-20 * np.log10(rmse)).mean()))
