"""Correlated noise of receive coils, and the transform that makes it white."""

from __future__ import annotations

import numpy as np

from recon.errors import UnusableData
from recon.volumes import ComplexImage


def whitening(noise: ComplexImage) -> ComplexImage:
    """Matrix (coils, coils) after which noise has unit variance and no correlation.

    Parameters
    ----------
    noise
        (coils, samples) measured without excitation.

    Raises
    ------
    UnusableData
        When there are fewer samples than coils, or a coil is dead or a copy of another.

    Notes
    -----
    The inverse of the Cholesky factor of the covariance; Pruessmann et al., MRM 46:638 (2001), eq. A1.
    """
    coils, samples = noise.shape
    if samples < coils:
        raise UnusableData(f"the noise scan has {samples} samples for {coils} coils")
    wide = noise.astype(np.complex128)
    covariance = wide @ wide.conj().T / samples
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise UnusableData("the noise scan has a dead coil, or one that copies another") from None
    return np.asarray(np.linalg.inv(factor), np.complex64)
