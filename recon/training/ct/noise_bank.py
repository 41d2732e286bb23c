"""A bank of CT noise images, made in the projection domain and reconstructed sharply.

Per scene: line integrals through a body, several independent noisy measurements of them, filtered
back-projection of the difference with the bare ramp. Softer kernels are applied later, in the image,
where they are a multiplication in Fourier space.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import track

from recon.arrays import FloatArray
from recon.physics.attenuation import MU_WATER_PER_MM, hu_to_mu
from recon.physics.ct_dose import Exposure, noisy_line_integrals
from recon.physics.reconstruction_kernel import SOFT, apply_kernel
from recon.training.ct.bodies import BODY_PARTS, random_body
from recon.training.ct.tomography import ParallelBeam

VIEWS = 580  # a third-generation scanner takes about 1160 a turn
REGION_WEIGHTS = (0.12, 0.13, 0.25, 0.4, 0.1)


@dataclass(frozen=True)
class NoiseBank:
    """Noise images of many scenes.

    Attributes
    ----------
    images
        (scenes, realisations, y, x) float16; within a scene all realisations have the same
        statistics, and with the soft kernel a standard deviation of 1 inside the body.
    spacing_mm
        (scenes,) pixel size.
    spectrum
        (bins,) mean noise power of the bank against radial frequency 0..0.5 cycles per pixel.
    """

    images: npt.NDArray[np.float16]
    spacing_mm: FloatArray
    spectrum: FloatArray


def scene_noise(
    hu: FloatArray,
    spacing_mm: float,
    exposure: Exposure,
    realisations: int,
    beam: ParallelBeam,
    rng: np.random.Generator,
) -> FloatArray:
    """Independent noise images (realisations, y, x) in HU of one scene, reconstructed with the ramp."""
    line_integrals = beam.project(hu_to_mu(hu), spacing_mm)
    noise = [
        beam.backproject(noisy_line_integrals(line_integrals, exposure, rng) - line_integrals, spacing_mm)
        for _ in range(realisations)
    ]
    stack = np.stack(noise) * (1000.0 / MU_WATER_PER_MM)
    # the mean over realisations is the bias of the logarithm; streaks keep it, noise has none
    return stack - stack.mean(axis=(1, 2), keepdims=True)


def random_exposure(rng: np.random.Generator) -> Exposure:
    """Photon statistics from a bright scan of a child to a starved one of wide hips."""
    return Exposure(
        photons=float(np.exp(rng.uniform(np.log(4e4), np.log(8e5)))),
        electronic_noise=float(rng.uniform(1.0, 8.0)),
        bowtie=float(rng.uniform(0.5, 3.0)),
        modulation=float(rng.uniform(0.0, 0.7)),
        starvation=float(rng.choice([0.0, 10.0, 30.0, 80.0], p=[0.15, 0.35, 0.3, 0.2])),
    )


def build(
    scenes: int, realisations: int, size: int, seed: int, real_bodies: list[tuple[FloatArray, float]]
) -> NoiseBank:
    """Simulate a bank; a third of the scenes are real bodies when there are any."""
    rng = np.random.default_rng(seed)
    beam = ParallelBeam(size, VIEWS)
    images = np.zeros((scenes, realisations, size, size), np.float16)
    spacings = np.zeros(scenes)
    for scene in track(range(scenes), description="noise scenes"):
        spacing = float(rng.uniform(0.6, 0.95))
        if real_bodies and rng.random() < 0.33:
            hu, native = real_bodies[rng.integers(len(real_bodies))]
            spacing = native * float(rng.uniform(0.8, 1.1))
            hu = _fit(hu, size)
        else:
            region = BODY_PARTS[rng.choice(len(BODY_PARTS), p=REGION_WEIGHTS)]
            hu = random_body(region, size, spacing, rng)
        noise = scene_noise(hu, spacing, random_exposure(rng), realisations, beam, rng)
        body = hu > -200
        soft = apply_kernel(noise[0], SOFT, spacing)
        images[scene] = np.clip(noise / soft[body].std(), -6e4, 6e4)
        spacings[scene] = spacing
    return NoiseBank(images, spacings, radial_spectrum(images[:, 0].astype(np.float32)))


def _fit(hu: FloatArray, size: int) -> FloatArray:
    """Crop or pad (with air) to a square about the centre."""
    out = np.full((size, size), -1000.0)
    y, x = min(size, hu.shape[0]), min(size, hu.shape[1])
    top, left = (hu.shape[0] - y) // 2, (hu.shape[1] - x) // 2
    to_y, to_x = (size - y) // 2, (size - x) // 2
    out[to_y : to_y + y, to_x : to_x + x] = hu[top : top + y, left : left + x]
    return out


def radial_spectrum(images: FloatArray, bins: int = 64) -> FloatArray:
    """Mean power (bins,) of images (n, y, x) against radial frequency 0..0.5 cycles per pixel."""
    size = images.shape[-1]
    frequency = np.fft.fftfreq(size)
    radial = np.minimum((np.hypot(frequency[:, None], frequency) * 2 * bins).astype(int), bins)
    power = np.zeros(bins + 1)
    for image in images:
        power += np.bincount(radial.ravel(), (np.abs(np.fft.fft2(image)) ** 2).ravel(), bins + 1)
    return (power / np.bincount(radial.ravel(), minlength=bins + 1) / len(images))[:bins]


def save(bank: NoiseBank, folder: Path) -> None:
    """Write the bank as three ``.npy`` files."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "spacing_mm.npy", bank.spacing_mm)
    np.save(folder / "spectrum.npy", bank.spectrum)
    np.save(folder / "images.npy", bank.images)


def load(folder: Path) -> NoiseBank:
    """Read a bank that :func:`save` wrote; the images stay on disk (memory-mapped)."""
    return NoiseBank(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        spacing_mm=np.load(folder / "spacing_mm.npy"),
        spectrum=np.load(folder / "spectrum.npy"),
    )
