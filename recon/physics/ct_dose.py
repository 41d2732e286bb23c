"""What a CT detector counts at a given dose, and the noise that this leaves on line integrals.

Model: Poisson photon noise and Gaussian electronic noise behind a bow-tie filter, with the tube
current modulated over the view angle; Massoumzadeh et al., Phys Med Biol 54:2681 (2009) and
Yu et al., J Comput Assist Tomogr 36:477 (2012).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from recon.arrays import FloatArray


@dataclass(frozen=True)
class Exposure:
    """Photon statistics of one scan.

    Attributes
    ----------
    photons
        Mean photons that reach one detector element per view on the central ray without a patient.
    electronic_noise
        Standard deviation of the detector's own noise, in photons.
    bowtie
        Attenuation (as a line integral) that the bow-tie filter adds at the edge of the field of
        view; it grows with the square of the distance from the central ray.
    modulation
        Exponent of the tube current modulation: 0 keeps the current constant, 0.5 minimises the
        noise for a given dose (Gies et al., Med Phys 26:2235, 1999), 1 makes all views alike.
    starvation
        Below this count neighbouring detector elements are averaged, as scanners do against
        streaks (Kachelriess et al., Med Phys 28:475, 2001). 0 leaves the data alone.
    """

    photons: float
    electronic_noise: float = 5.0
    bowtie: float = 1.5
    modulation: float = 0.4
    starvation: float = 10.0

    def scaled(self, dose_fraction: float) -> Exposure:
        """The same scan with a fraction of the tube current."""
        if dose_fraction <= 0:
            raise ValueError(f"dose_fraction must be positive, not {dose_fraction}")
        return replace(self, photons=self.photons * dose_fraction)


def incident_photons(line_integrals: FloatArray, exposure: Exposure) -> FloatArray:
    """Photons sent towards each detector element, behind the bow-tie.

    Parameters
    ----------
    line_integrals
        (views, detectors), dimensionless.
    exposure
        Photon statistics of the scan.

    Returns
    -------
    FloatArray
        (views, detectors), photons; the mean over views on the central ray is ``exposure.photons``.
    """
    detectors = line_integrals.shape[1]
    position = np.linspace(-1.0, 1.0, detectors)
    profile = np.exp(-exposure.bowtie * position**2)
    thickest = np.quantile(line_integrals, 0.98, axis=1)
    current = np.exp(exposure.modulation * (thickest - thickest.mean()))
    return exposure.photons * (current / current.mean())[:, None] * profile[None, :]


def noisy_line_integrals(line_integrals: FloatArray, exposure: Exposure, rng: np.random.Generator) -> FloatArray:
    """One noisy measurement of the given line integrals.

    Parameters
    ----------
    line_integrals
        (views, detectors), dimensionless, noise-free.
    exposure
        Photon statistics of the scan.
    rng
        Source of randomness.

    Returns
    -------
    FloatArray
        (views, detectors) after the logarithm.
    """
    sent = incident_photons(line_integrals, exposure)
    counts = rng.poisson(sent * np.exp(-line_integrals)).astype(np.float64)
    counts += rng.normal(0.0, exposure.electronic_noise, counts.shape)
    if exposure.starvation > 0:
        smooth = uniform_filter1d(counts, 5, axis=1, mode="nearest")
        starved = np.clip(2.0 - smooth / exposure.starvation, 0.0, 1.0)
        counts = (1.0 - starved) * counts + starved * smooth
    return np.log(sent) - np.log(np.maximum(counts, 0.5))


def line_integral_variance(line_integrals: FloatArray, exposure: Exposure) -> FloatArray:
    """Variance of the noise after the logarithm, to first order: 1/N + (electronic/N)²."""
    counts = incident_photons(line_integrals, exposure) * np.exp(-line_integrals)
    return 1.0 / counts + (exposure.electronic_noise / counts) ** 2
