"""Pairs of scans before and after part of a dose, every source of error switchable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import fourier_shift

from recon.arrays import FloatArray
from recon.physics.rician import add_rician_noise
from recon.training.contrast.enhancement import smooth_field
from recon.volumes import FloatImage

#: Voxels up to which a motion is taken as the first term of its series.
_FIRST_ORDER = 0.2


@dataclass(frozen=True)
class PairErrors:
    """What goes wrong between the two scans; intensities relative to the 99th percentile of the pre scan.

    Attributes
    ----------
    noise_pre, noise_low
        Standard deviation of the Rician noise.
    gain
        What the low-dose scan is multiplied by.
    bias
        Amplitude of a slow change of sensitivity between the scans.
    shift
        Motion in voxels (slice, y, x).
    shading
        Amplitude of the coil shading of both scans.
    masked
        Whether the background is set to zero, as skull-stripping does.
    """

    noise_pre: float = 0.01
    noise_low: float = 0.01
    gain: float = 1.0
    bias: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shading: float = 0.0
    masked: bool = False

    def without(self, *names: str) -> PairErrors:
        """The same with some errors switched off."""
        off = PairErrors(0.0, 0.0)
        return replace(self, **{name: getattr(off, name) for name in names})


@dataclass(frozen=True)
class SimulatedPair:
    """A simulated pair, (slice, y, x) float32.

    Attributes
    ----------
    pre, low
        As measured.
    clean
        Pre scan without noise.
    enhancement
        What a full dose adds.
    """

    pre: FloatArray
    low: FloatArray
    clean: FloatArray
    enhancement: FloatArray
    dose_fraction: float

    @property
    def full(self) -> FloatArray:
        """Full-dose scan without noise."""
        return self.clean + self.enhancement


def simulate_pair(
    clean: FloatArray, enhancement: FloatArray, dose_fraction: float, errors: PairErrors, rng: np.random.Generator
) -> SimulatedPair:
    """Scan a head twice, before and after part of the dose.

    At doses of up to 0.1 mmol/kg the enhancement of a T1-weighted scan grows nearly in proportion to
    the dose (:mod:`recon.physics.contrast_uptake`), so the share of it is taken.

    Parameters
    ----------
    clean, enhancement
        (slice, y, x): the head, and what a full dose adds.
    dose_fraction
        Of the second scan.
    errors
        What goes wrong.
    rng
        Source of randomness.
    """
    if errors.shading:
        shade = np.exp(np.float32(errors.shading) * smooth_field(clean.shape, max(clean.shape) / 2, rng))
        clean, enhancement = clean * shade, enhancement * shade
    low = clean + np.float32(dose_fraction) * enhancement
    if any(errors.shift):
        low = _moved(low, errors.shift)
    if errors.bias:
        low = low * (1 + np.float32(errors.bias) * smooth_field(low.shape, max(low.shape) / 2, rng))
    low = np.maximum(low, 0) * np.float32(errors.gain)
    pre_scan = add_rician_noise(clean, errors.noise_pre, rng)
    low_scan = add_rician_noise(low, errors.noise_low, rng)
    if errors.masked:
        pre_scan, low_scan = (np.where(clean > 0, scan, 0) for scan in (pre_scan, low_scan))
    return SimulatedPair(pre_scan, low_scan, clean, enhancement, dose_fraction)


def _moved(volume: FloatImage, shift: tuple[float, float, float]) -> FloatImage:
    """The volume moved by fractions of a voxel, without the blur that interpolation would add."""
    if max(map(abs, shift)) < _FIRST_ORDER:  # what alignment leaves: the first term of the series is enough
        slope = np.gradient(volume)
        terms = sum(np.float32(step) * part for step, part in zip(shift, slope, strict=True))
        return np.asarray(volume - terms, np.float32)
    return np.real(np.fft.ifftn(fourier_shift(np.fft.fftn(volume), shift))).astype(np.float32)
