"""What a classical method returns, and how much noise reaches its image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.ndimage

from served.arrays import ComplexArray
from served.physics.namespace import beside, on_host, zeros

HALF_WIDTH = 1.645  # standard deviations to each side of 90 % of a normal distribution
_REPLICAS = 3
_WIENER = 2.0  # of the identity beside the normal operator, in units of noise over signal power


@dataclass(frozen=True)
class Method:
    """A reconstruction.

    Attributes
    ----------
    image
        (y, x), complex or magnitude.
    spread
        Standard deviation of its real part; NaN where the method knows none.
    rest
        What it does not explain of the samples.
    """

    image: npt.NDArray[Any]
    spread: npt.NDArray[Any]
    rest: npt.NDArray[Any]


def root_mean_square(noise: npt.NDArray[Any]) -> float:
    """One level for coils of several."""
    return float(np.sqrt(np.mean(np.square(noise))))


def regularisation(noise: float, power: float) -> float:
    """Tikhonov weight: noise of a complex sample over the mean power of a pixel, as Wiener's filter has it."""
    return max(_WIENER * 2 * noise**2 / max(power, 1e-30), 1e-4)


def propagated(
    solve: Callable[[ComplexArray], ComplexArray], image: ComplexArray, kspace: ComplexArray, noise: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """Standard deviation of the real part of a linear method's image, from pseudo-replicas of the scan.

    Robson et al., MRM 60:895 (2008): the same samples with more of their noise are solved again, up to the
    same accuracy. Real and imaginary part of the difference are two replicas; neighbours are averaged,
    since noise varies slowly over the image.

    Parameters
    ----------
    solve
        The method, linear.
    image
        Of ``kspace``.
    kspace
        The scan, (coils, ...).
    noise
        (coils,) standard deviation of the real part of a sample.
    """
    random = np.random.default_rng(0)
    largest = float(noise.max())
    gain = max(1.0, 1e-5 * float(abs(kspace).max()) / max(largest, 1e-30))  # above the rounding of single precision
    step = (gain * noise).astype(np.float32).reshape(-1, *[1] * (kspace.ndim - 1))
    power = zeros(image.shape, image.real)
    for _ in range(_REPLICAS):
        white = random.normal(size=(2, *kspace.shape)).astype(np.float32)
        replica = solve(kspace + beside(step * (white[0] + 1j * white[1]), kspace))
        power += abs(replica - image) ** 2 / (2 * _REPLICAS)
    return np.asarray(1 / gain * np.sqrt(scipy.ndimage.gaussian_filter(on_host(power), 1.5)), np.float32)
