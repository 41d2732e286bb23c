"""Correlated noise of receive coils, and the transform that makes it white."""

from __future__ import annotations

import numpy as np

from recon.errors import UnusableData
from recon.volumes import ComplexImage

#: Part of the largest eigenvalue of the coils' correlation below which a combination of coils is noiseless.
_NOISELESS = 1e-6


def whitening(noise: ComplexImage, variance_ratio: float = 1.0) -> ComplexImage:
    """Matrix (coils, coils) after which noise has unit variance and no correlation.

    Parameters
    ----------
    noise
        (coils, samples) measured without excitation.
    variance_ratio
        Variance of a sample to be whitened over that of a sample of the noise scan, see
        :func:`bandwidth_ratio`.

    Raises
    ------
    UnusableData
        When there are fewer samples than coils, or nothing but zeros.

    Notes
    -----
    The inverse square root of the covariance (Pruessmann et al., MRM 46:638 (2001), eq. A1), symmetric so
    that each coil stays close to itself. Combinations of coils without noise, of a dead coil or of one
    that copies another, carry no signal of their own either and become zero.
    """
    coils, samples = noise.shape
    if samples < coils:
        raise UnusableData(f"the noise scan has {samples} samples for {coils} coils")
    wide = noise.astype(np.complex128)
    covariance = wide @ wide.conj().T / samples
    spread = np.sqrt(np.diag(covariance).real)
    if not spread.max() > 0:
        raise UnusableData("the noise scan is zero everywhere")
    unit = np.where(spread > 1e-6 * np.median(spread[spread > 0]), 1 / np.where(spread > 0, spread, 1), 0.0)
    # correlation before the eigenvalues: gains of coils may differ by orders of magnitude
    values, vectors = np.linalg.eigh(covariance * np.outer(unit, unit))
    inverse = np.where(values > _NOISELESS * values[-1], 1 / np.sqrt(np.maximum(values, 1e-30)), 0.0)
    matrix = (vectors * inverse) @ vectors.conj().T * unit / np.sqrt(variance_ratio)
    return np.asarray(matrix, np.complex64)


def bandwidth_ratio(noise_dwell_us: float, dwell_us: float) -> float:
    """Noise variance of a sample of the scan over that of the noise scan, for equal receivers.

    Variance grows with bandwidth, the inverse of the dwell time.

    Parameters
    ----------
    noise_dwell_us, dwell_us
        Time between samples in the noise scan and in the scan; 0 where unknown, then taken to be equal.
    """
    return noise_dwell_us / dwell_us if noise_dwell_us > 0 and dwell_us > 0 else 1.0


def central_density(readouts: ComplexImage) -> float:
    """Noise power in the middle half of the band over the mean of the whole band.

    The receiver's filter attenuates noise at the edges of the band, where oversampling is cut off from
    images anyway: what is left there has the power of the middle. Scanners state the reciprocal (about
    0.79, Kellman and McVeigh, MRM 54:1439 (2005)); the noise scan itself shows it.

    Parameters
    ----------
    readouts
        (..., samples) of a noise scan.
    """
    power = np.square(np.abs(np.fft.fft(readouts, axis=-1))).reshape(-1, readouts.shape[-1]).mean(axis=0)
    middle = np.abs(np.fft.fftfreq(len(power))) < 0.25
    whole = float(power.mean())
    return float(power[middle].mean()) / whole if whole > 0 and middle.any() else 1.0
