"""Reconstruction kernels as radial transfer functions.

Vendors name kernels (B30f, STANDARD); what they do to a filtered back-projection is multiply the
ramp by an apodisation, the same for signal and noise. A two-parameter family spans them from soft
tissue to bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import FloatArray


@dataclass(frozen=True)
class Kernel:
    """Apodisation ``(1 + boost * (f/cutoff)²) * exp(-(f/cutoff)**order)``.

    Attributes
    ----------
    cutoff
        Frequency at which the exponential has fallen to 1/e, cycles per mm.
    order
        Steepness; 2 is a Gaussian.
    boost
        Edge enhancement of sharp kernels; 0 for soft ones.
    """

    cutoff: float
    order: float = 2.0
    boost: float = 0.0

    def transfer(self, frequency: FloatArray) -> FloatArray:
        """Transfer function at the given radial frequencies (cycles per mm)."""
        relative = np.asarray(frequency) / self.cutoff
        return (1.0 + self.boost * relative**2) * np.exp(-(relative**self.order))


#: A soft body kernel; its noise spectrum peaks at 0.2 cycles per mm, as B30f's does.
SOFT = Kernel(cutoff=0.41, order=2.0)


def radial_frequency(shape: tuple[int, int], spacing_mm: float) -> FloatArray:
    """Radial frequency of every FFT bin of an image (y, x), cycles per mm."""
    fy = np.fft.fftfreq(shape[0], spacing_mm)
    fx = np.fft.fftfreq(shape[1], spacing_mm)
    return np.hypot(fy[:, None], fx[None, :])


def apply_kernel(image: FloatArray, kernel: Kernel, spacing_mm: float) -> FloatArray:
    """Filter an image (y, x) with a kernel; periodic at the borders."""
    transfer = kernel.transfer(radial_frequency((image.shape[0], image.shape[1]), spacing_mm))
    return np.real(np.fft.ifft2(np.fft.fft2(image) * transfer))
