"""Coil sensitivities from the fully sampled centre of k-space; ESPIRiT, Uecker et al., MRM 71:990 (2014)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray
from recon.physics.fourier import fftn, to_image
from recon.physics.halting import Halt, never
from recon.physics.namespace import beside, namespace, zeros

#: Samples a side of the centre that low-resolution images and kernels are made of, at most.
LARGEST_CENTRE, LARGEST_CALIBRATION = 32, 24
_KERNEL = 6
#: Every so many pixels eigenvectors are found by squaring so often, in between by so many plain steps.
_COARSE, _SQUARINGS, _STEPS = 4, 8, 3
_AXES = (-2, -1)


def centre_of(kspace: ComplexArray, calibration: tuple[int, int], largest: int = LARGEST_CENTRE) -> ComplexArray:
    """The fully sampled centre of k-space (coils, ky, kx), at most ``largest`` samples a side.

    Parameters
    ----------
    kspace
        Zero frequency at n // 2.
    calibration
        Height and width of what is fully sampled.
    largest
        Side, at most.
    """
    taken = [min(c, s, largest) for c, s in zip(calibration, kspace.shape[-2:], strict=True)]
    rows, columns = (slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(kspace.shape[-2:], taken, strict=True))
    return kspace[:, rows, columns]


def low_resolution(centre: ComplexArray, shape: tuple[int, int], workers: int | None = None) -> ComplexArray:
    """Coil images (coils, y, x) of the tapered centre of k-space, on a matrix of ``shape``."""
    taken = centre.shape[-2:]
    taper = np.outer(*(np.cos(np.pi * (np.arange(t) - t // 2) / (t + 2)) ** 2 for t in taken))
    filled = zeros((len(centre), *shape), centre)
    rows, columns = (slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(shape, taken, strict=True))
    filled[:, rows, columns] = centre * beside(taper.astype(np.float32), centre)
    return to_image(filled, workers)


def sensitivities(
    centre: ComplexArray, shape: tuple[int, int], noise: float, workers: int | None = None, halt: Halt = never
) -> tuple[ComplexArray, float]:
    """Maps (coils, y, x) with root-sum-of-squares 1, and the maximum of the combined low-resolution image.

    Parameters
    ----------
    centre
        (coils, ky, kx), fully sampled, from :func:`centre_of`.
    shape
        Rows and columns of the maps.
    noise
        Standard deviation of a complex sample.
    workers
        Threads of the transforms.
    halt
        Called between steps.

    Returns
    -------
    tuple
        Where the centre holds nothing, the maximum is 0 and the maps are zero.
    """
    low = low_resolution(centre, shape, workers)
    combined = namespace(low).sqrt((abs(low) ** 2).sum(0))
    scale = float(combined.max())
    if not scale > 0:
        return low, 0.0
    maps = low / (combined + float(np.float32(1e-6) * np.float32(scale)))
    inner = centre_of(centre, (centre.shape[1], centre.shape[2]), LARGEST_CALIBRATION)
    return espirit(maps, inner, noise, workers, halt), scale


def espirit(
    maps: ComplexArray, centre: ComplexArray, noise: float, workers: int | None = None, halt: Halt = never
) -> ComplexArray:
    """Sensitivities (coils, y, x) with the phase of those that came in.

    With two short cuts. The projection on the calibration matrix's row space becomes, summed over equal
    lags, a small convolution between each two coils, so that one transform of each pair gives the matrix at
    every pixel. Its first eigenvector is found by power iterations from the low-resolution maps, which
    leaves no phase to choose.

    Parameters
    ----------
    maps
        Low-resolution coil images over their root-sum-of-squares.
    centre
        (coils, ky, kx), fully sampled; too small a one changes nothing.
    noise
        Standard deviation of a complex sample.
    workers
        Threads of the transforms.
    halt
        Called between steps.
    """
    coils, *sides = maps.shape
    if coils == 1 or min(centre.shape[1:]) < 2 * _KERNEL:
        return maps
    xp = namespace(maps)
    rows, columns = (side - _KERNEL + 1 for side in centre.shape[1:])
    places = [(i, j) for i in range(_KERNEL) for j in range(_KERNEL)]
    windows = xp.stack([centre[:, i : i + rows, j : j + columns] for i, j in places], axis=1)
    matrix = xp.permute_dims(windows, (2, 3, 0, 1)).reshape(-1, coils * _KERNEL**2)
    energies, vectors = xp.linalg.eigh(matrix.conj().T @ matrix)
    # singular values of noise alone end at the sum of the roots of the sides: Marchenko & Pastur (1967)
    random = (np.sqrt(matrix.shape[0]) + np.sqrt(matrix.shape[1])) ** 2 * noise**2
    largest = float(energies[-1])
    vectors = vectors[:, energies > float(np.clip(random / largest, 4e-4, 2.5e-3)) * largest]
    projection = (vectors.conj() @ vectors.T).reshape(coils, _KERNEL, _KERNEL, coils, _KERNEL, _KERNEL)
    lags = zeros((coils, coils, *sides), maps)
    middle = [s // 2 for s in sides]
    for i, j in places:
        top, left = middle[0] - i, middle[1] - j
        lags[:, :, top : top + _KERNEL, left : left + _KERNEL] += projection[:, i, j]
    between = xp.empty_like(lags)
    for a in range(coils):
        halt()
        pairs = fftn(xp.fft.ifftshift(lags[a, a:], axes=_AXES), _AXES, workers)
        between[a, a:], between[a:, a] = pairs, pairs.conj()
    found = _first_eigenvectors(between, xp.fft.ifftshift(maps, axes=_AXES), halt)
    return xp.fft.fftshift(found, axes=_AXES)


def _first_eigenvectors(matrices: ComplexArray, start: ComplexArray, halt: Halt) -> ComplexArray:
    """Of Hermitian matrices (n, n, y, x), by power iterations from ``start`` (n, y, x).

    On every fourth pixel by squaring the matrix, which finds it where the second eigenvalue is close; in
    between by interpolation and a few plain steps.
    """
    xp = namespace(matrices)
    nodes = xp.permute_dims(matrices[:, :, ::_COARSE, ::_COARSE], (2, 3, 0, 1))
    coarse = zeros(nodes.shape, matrices)
    coarse[...] = nodes  # each matrix in one piece
    for _ in range(_SQUARINGS):
        halt()
        coarse = coarse @ coarse
        coarse = coarse / (abs(xp.linalg.trace(coarse))[..., None, None] + 1e-20)
    nodes = xp.einsum("yxab,byx->ayx", coarse, start[:, ::_COARSE, ::_COARSE])
    rows, columns = (
        beside(_between_nodes(count, side), start) for count, side in zip(nodes.shape[1:], start.shape[1:], strict=True)
    )
    maps = rows @ _unit(nodes) @ columns.T
    for _ in range(_STEPS):
        halt()
        maps = _unit(xp.einsum("abyx,byx->ayx", matrices, maps))
    return xp.where(xp.isfinite(maps).all(0), maps, start)


def _between_nodes(count: int, side: int) -> npt.NDArray[np.complex64]:
    """Matrix (side, count) of linear interpolation between every fourth pixel."""
    at = np.minimum(np.arange(side) / _COARSE, count - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(count)), 0).astype(np.complex64)


def _unit(maps: ComplexArray) -> ComplexArray:
    return maps / (namespace(maps).sqrt((abs(maps) ** 2).sum(0)) + 1e-20)
