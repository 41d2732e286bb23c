"""The first dense layer from physics: the linear inverse of the encoding that errs least on average.

For images of covariance R, samples A x and white noise of variance s, the best linear estimate is
R A* (A R A* + s)^-1 y (Wiener). R comes from training images; their phase is independent of the
magnitude, so that R is the covariance of the magnitudes times the mean of the phase factors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg
import torch

from recon.arrays import ComplexArray, FloatArray
from recon.physics.encoding import SIDE, Encoding
from recon.training.automap.sampler import AcquisitionOperator, Sampler, generator, root_mean_square, smooth_phase


@dataclass(frozen=True)
class LinearInverse:
    """A linear reconstruction.

    Attributes
    ----------
    matrix
        (pixels, samples) complex64, for samples in units of their root mean square; images of root mean
        square about 1.
    image_scale
        Root mean square of an image over that of its samples, on average.
    """

    matrix: ComplexArray
    image_scale: float


def magnitude_covariance(sampler: Sampler, count: int, seed: int) -> FloatArray:
    """Second moments (pixels, pixels) of magnitudes of root mean square 1, made symmetric under turns and flips."""
    total = np.zeros((SIDE * SIDE, SIDE * SIDE), np.float32)
    for start in range(0, count, 1000):
        drawn = sampler.images(min(1000, count - start), generator(seed, 10**9 + start)).abs().flatten(1).numpy()
        total += drawn.T @ drawn
    total /= count
    index = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    for symmetry in (index[::-1], index[:, ::-1], index.T):  # these three generate the square's eight
        order = symmetry.ravel()
        total = (total + total[np.ix_(order, order)]) / 2
    return total


def phase_coherence(count: int, seed: int) -> FloatArray:
    """Mean of exp(i (phase at one pixel - phase at another)), (pixels, pixels) float32; depends on their distance."""
    phase = smooth_phase(count, SIDE, generator(seed, 2 * 10**9))
    spectrum = torch.fft.fft2(torch.polar(torch.ones_like(phase), phase), s=(2 * SIDE, 2 * SIDE)).abs().square().mean(0)
    overlap = torch.fft.ifft2(torch.fft.fft2(torch.ones(SIDE, SIDE), s=(2 * SIDE, 2 * SIDE)).abs().square()).real
    lags = (torch.fft.ifft2(spectrum).real / overlap.clamp_min(0.5)).numpy()
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE)
    return np.asarray(lags[y[:, None] - y, x[:, None] - x], np.float32)


def wiener(encoding: Encoding, covariance: FloatArray, image_scale: float, decibel: float) -> LinearInverse:
    """The linear inverse that errs least at one noise level.

    Parameters
    ----------
    encoding
        What is measured.
    covariance
        (pixels, pixels) of images of root mean square 1.
    image_scale
        See :class:`LinearInverse`.
    decibel
        Signal-to-noise ratio of the samples.
    """
    seen = encoding.matrix()
    cross = covariance @ seen.conj().T
    gram = seen @ cross
    gram[np.diag_indices_from(gram)] += 10 ** (-decibel / 10) * gram.diagonal().real.mean()
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse = scipy.linalg.cho_solve(factor, cross.conj().T, overwrite_b=True, check_finite=False).conj().T
    # samples of root mean square 1 belong to an image of root mean square image_scale
    return LinearInverse(np.asarray(inverse, np.complex64), image_scale)


def image_scale(encoding: Encoding, sampler: Sampler, seed: int, count: int = 2000) -> float:
    """Root mean square of an image over that of its samples, averaged over training images."""
    images = sampler.images(count, generator(seed, 3 * 10**9))
    return float((1.0 / root_mean_square(AcquisitionOperator(encoding)(images))).mean())


@dataclass(frozen=True)
class EightBits:
    """A complex matrix in 8 bits: ``weight * row * column``.

    Attributes
    ----------
    weight
        (2 pixels, samples) int8, real parts first.
    row
        (2 pixels,) float32.
    column
        (samples,) float32; what samples are multiplied by before the layer, so that all columns use
        the whole range.
    """

    weight: npt.NDArray[np.int8]
    row: FloatArray
    column: FloatArray


def eight_bits(matrix: ComplexArray) -> EightBits:
    """Round a matrix (pixels, samples) to 8 bits, with a scale for each row and column."""
    rows = np.concatenate([matrix.real, matrix.imag])
    largest = np.maximum(np.abs(rows).max(0), 1e-4)
    column = largest.astype(np.float16).astype(np.float32)  # as it will be stored
    rows /= column
    row = np.maximum(np.abs(rows).max(1) / 127, 1e-12).astype(np.float32)
    return EightBits(np.round(rows / row[:, None]).astype(np.int8), row, column)


def realigned(encoding: Encoding) -> bool:
    """Whether the encoding's inverse is known in closed form: complete, with late lines."""
    return encoding.cartesian and bool(encoding.mask.all())
