"""Whether a lesion that is there comes out, and one that is not there does not appear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recon.arrays import ComplexArray


@dataclass(frozen=True)
class Recovered:
    """Contrast of lesions in the reconstruction over their true contrast.

    Attributes
    ----------
    mean, least
        Over lesions; 1 is the truth.
    absent
        Mean of what appears at the same places without lesions, against the truth there, in the same unit.
    absent_spread
        Root mean square of the same.
    """

    mean: float
    least: float
    absent: float
    absent_spread: float


def lesions(truth: ComplexArray, radius: float, contrast: float, seed: int) -> ComplexArray:
    """One bright disc in the object of each image, (count, y, x) complex64 to add, with the object's phase.

    Parameters
    ----------
    truth
        (count, y, x) complex64.
    radius
        In pixels; the edge is soft over one pixel.
    contrast
        Over the mean magnitude of the object.
    seed
        Of the places.
    """
    rng = np.random.default_rng(seed)
    side = truth.shape[-1]
    y, x = np.mgrid[:side, :side]
    out = np.zeros_like(truth)
    for index, image in enumerate(truth):
        magnitude = np.abs(image)
        inside = magnitude > 0.3 * magnitude.max()
        row, column = rng.permutation(np.argwhere(inside))[0]
        disc = np.clip(radius + 0.5 - np.hypot(y - row, x - column), 0, 1)
        out[index] = disc * contrast * magnitude[inside].mean() * np.exp(1j * np.angle(image))
    return out


def recovered(
    reconstruct: Callable[[ComplexArray], ComplexArray], truth: ComplexArray, lesion: ComplexArray
) -> Recovered:
    """Reconstruct objects with and without lesions, of the same noise, and compare at the lesions' places.

    Parameters
    ----------
    reconstruct
        From objects (count, y, x) to images, the simulated acquisition included.
    truth, lesion
        (count, y, x) complex64.
    """
    healthy, ill = np.abs(reconstruct(truth)), np.abs(reconstruct(truth + lesion))
    shape = np.abs(lesion)
    weight = np.square(shape).sum((1, 2))
    contrast = ((ill - healthy) * shape).sum((1, 2)) / weight
    absent = ((healthy - np.abs(truth)) * shape).sum((1, 2)) / weight
    return Recovered(
        float(contrast.mean()), float(contrast.min()), float(absent.mean()), float(np.sqrt(np.square(absent).mean()))
    )
