"""What a user would take otherwise: inverse FFT, gridding with density compensation, conjugate gradients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray
from recon.physics.encoding import SIDE, Encoding, encoding
from recon.physics.fourier import to_image

#: CG stops here at the latest; more steps fit noise.
STEPS = 20


def direct(scheme: Encoding, samples: ComplexArray) -> ComplexArray:
    """The usual one-step reconstruction, images (..., y, x) of samples (..., samples).

    Zero-filled inverse FFT on the grid, which knows of no timing error; off the grid the adjoint of the
    samples weighted by the area of k-space that each stands for.
    """
    if scheme.cartesian:
        return to_image(scheme.put(samples))
    return scheme.adjoint(samples * scheme.density())


def conjugate_gradients(scheme: Encoding, samples: ComplexArray, decibel: float) -> ComplexArray:
    """Regularised least squares by conjugate gradients on the encoding itself, its timing error included.

    Minimises |w (A x - y)|^2 + s |x|^2, where w is the root of the density compensation (which makes CG
    converge in a few steps; Pruessmann et al., MRM 46:638, 2001) and s the noise-to-signal power, known here.

    Parameters
    ----------
    scheme
        The encoding.
    samples
        (..., samples) complex64.
    decibel
        Signal-to-noise ratio of the samples.
    """
    weight = scheme.density() if not scheme.cartesian else np.ones(1, np.float32)
    damping = np.float32(10 ** (-decibel / 10))

    def normal(images: ComplexArray) -> ComplexArray:
        return scheme.adjoint(scheme.forward(images) * weight) + damping * images

    residual = scheme.adjoint(samples * weight)
    estimate = np.zeros_like(residual)
    direction, power = residual.copy(), _power(residual)
    for _ in range(STEPS):
        mapped = normal(direction)
        step = power / np.maximum(np.real(np.sum(direction.conj() * mapped, (-2, -1), keepdims=True)), 1e-20)
        estimate = estimate + step * direction
        residual = residual - step * mapped
        new = _power(residual)
        direction, power = residual + new / np.maximum(power, 1e-20) * direction, new
    return np.asarray(estimate, np.complex64)


def linear_matrix(name: str) -> ComplexArray:
    """The direct method as a matrix (pixels, samples), for analysing its worst case."""
    scheme = encoding(name)
    if not scheme.cartesian:
        return np.asarray(scheme.matrix().conj().T * scheme.density(), np.complex64)
    basis = np.eye(len(scheme.positions), dtype=np.complex64)
    return direct(scheme, basis).reshape(-1, SIDE * SIDE).T


def _power(images: ComplexArray) -> npt.NDArray[np.float32]:
    return np.asarray(np.sum(np.abs(images) ** 2, (-2, -1), keepdims=True), np.float32)
