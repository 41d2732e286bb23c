"""Low-dose CT from full-dose images: noise of the missing photons, inserted in the projections.

Yu et al., J Comput Assist Tomogr 36:477 (2012); Zabic et al., Med Phys 40:031102 (2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recon.arrays import FloatArray
from recon.errors import UnusableData
from recon.physics.attenuation import MU_WATER_PER_MM, hu_to_mu
from recon.physics.ct_dose import Exposure, line_integral_variance
from recon.physics.reconstruction_kernel import SOFT, Kernel, apply_kernel
from recon.quality.noise_level import TISSUE_HU, tissue_noise
from recon.training.ct.noise_bank import VIEWS
from recon.training.ct.tomography import ParallelBeam
from recon.volumes import FloatImage, Volume


@dataclass(frozen=True)
class Scanner:
    """A full-dose scan whose noise is known: exposure and reconstruction kernel."""

    exposure: Exposure
    kernel: Kernel


def fit_scanner(volume: Volume, noise_hu: float | None = None, kernel: Kernel = SOFT, seed: int = 0) -> Scanner:
    """The exposure that explains the noise of a full-dose volume.

    Parameters
    ----------
    volume
        Full-dose images in HU.
    noise_hu
        Standard deviation of the pixels of soft tissue; measured on the slice of the median noise when absent.
    kernel
        That the images were reconstructed with.
    seed
        Of the trial noise.

    Raises
    ------
    UnusableData
        When the volume has too little soft tissue to measure its noise on.
    """
    levels = [tissue_noise(plane) for plane in volume.values]
    usable = sorted((index for index, level in enumerate(levels) if level == level), key=levels.__getitem__)
    if not usable:
        raise UnusableData("too little soft tissue to measure the noise on; give --full-dose-noise")
    index = usable[len(usable) // 2]  # of the median noise
    plane = volume.values[index]
    trial = Exposure(photons=1e6, electronic_noise=0.0, starvation=0.0)
    # half the dose adds noise of the full dose's own variance
    noise = added_noise(plane, volume.geometry.spacing[0], Scanner(trial, kernel), 0.5, np.random.default_rng(seed))
    if noise_hu is None:  # both on the same blocks, so that what the measure leaves out is left out of both
        measured, expected = levels[index], tissue_noise(noise, plane)
    else:
        tissue = (plane > TISSUE_HU[0]) & (plane < TISSUE_HU[1])
        measured, expected = noise_hu, float(noise[tissue].std())
    return Scanner(Exposure(1e6 * (expected / max(measured, 0.1)) ** 2, electronic_noise=3.0, starvation=0.0), kernel)


def added_noise(
    hu: FloatImage,
    spacing_mm: float,
    scanner: Scanner,
    dose_fraction: float,
    rng: np.random.Generator,
    beam: ParallelBeam | None = None,
) -> FloatArray:
    """The noise image (y, x) in HU that takes a full-dose slice to a fraction of the dose.

    Parameters
    ----------
    hu
        (y, x) full-dose slice.
    spacing_mm
        Pixel size.
    scanner
        Of the full-dose scan.
    dose_fraction
        Above 0, at most 1.
    rng
        Source of randomness.
    beam
        For the longer side of the slice. Making one takes longer than all that is done with it here, so that whoever
        has several slices gives one.
    """
    if not 0.0 < dose_fraction <= 1.0:
        raise UnusableData(f"dose fraction {dose_fraction} must be above 0 and at most 1")
    size = max(hu.shape)
    square = np.full((size, size), -1000.0)
    top, left = (size - hu.shape[0]) // 2, (size - hu.shape[1]) // 2
    place = (slice(top, top + hu.shape[0]), slice(left, left + hu.shape[1]))
    square[place] = hu
    beam = beam or ParallelBeam(size, VIEWS)
    line_integrals = beam.project(hu_to_mu(square), spacing_mm)
    low = line_integral_variance(line_integrals, scanner.exposure.scaled(dose_fraction))
    full = line_integral_variance(line_integrals, scanner.exposure)
    sample = rng.normal(size=line_integrals.shape) * np.sqrt(np.maximum(low - full, 0.0))
    noise = beam.backproject(sample, spacing_mm) * (1000.0 / MU_WATER_PER_MM)
    return apply_kernel(noise, scanner.kernel, spacing_mm)[place]


def low_dose_slices(volume: Volume, scanner: Scanner, dose_fraction: float, seed: int = 0) -> Iterator[FloatImage]:
    """Slices (y, x) of the volume at a fraction of its dose, one after the other."""
    rng = np.random.default_rng(seed)
    beam = ParallelBeam(max(volume.shape[1:]), VIEWS)
    for plane in volume.values:
        noise = added_noise(plane, volume.geometry.spacing[0], scanner, dose_fraction, rng, beam)
        yield np.where(plane < -1500, plane, np.maximum(plane + noise, -1024)).astype(np.float32)
