"""Reconstruction along a trajectory: gridding, and CG-SENSE by a non-uniform FFT.

Density compensation after Pipe and Menon, MRM 41:179 (1999). The transform and the densities are SigPy's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import Array, ComplexArray
from recon.backend.replicas import Method, propagated, regularisation, root_mean_square
from recon.physics.coil_compression import combinations, virtual_coils
from recon.physics.conjugate_gradients import conjugate_gradients
from recon.physics.espirit import LARGEST_CALIBRATION, sensitivities
from recon.physics.fourier import to_kspace
from recon.physics.halting import Halt, never

VIRTUAL_COILS = 12
_STEPS, _TOLERANCE = 20, 1e-3
_DENSITY_STEPS = 30


class NonUniformSense:
    """Sensitivities and the non-uniform Fourier transform, weighted by the density of sampling.

    Parameters
    ----------
    maps
        (coils, y, x).
    coordinates
        (..., 2) in cycles per field of view, rows first.
    weights
        (...) area of k-space that each sample stands for.
    """

    def __init__(self, maps: ComplexArray, coordinates: Array, weights: Array) -> None:
        import sigpy

        self.maps, self.weights = maps, weights
        self.transform = sigpy.linop.NUFFT(maps.shape, coordinates)

    def forward(self, image: ComplexArray) -> ComplexArray:
        """Samples (coils, ...) of an image (y, x)."""
        return np.asarray(self.transform * (self.maps * image), np.complex64)

    def adjoint(self, samples: ComplexArray) -> ComplexArray:
        """Image (y, x) of weighted samples."""
        return np.asarray((self.maps.conj() * (self.transform.H * (samples * self.weights))).sum(0), np.complex64)

    def normal(self, image: ComplexArray) -> ComplexArray:
        """Adjoint after forward."""
        return self.adjoint(self.forward(image))


def along_trajectory(
    method: str,
    kspace: ComplexArray,
    mask: npt.NDArray[np.bool_],
    trajectory: Array,
    matrix: tuple[int, int],
    noise: Array,
    halt: Halt = never,
) -> Method:
    """``zero-filled`` (gridding) or ``sense`` of samples (coils, samples, readouts).

    What was not measured, as ``mask`` (samples, readouts) says, takes part in nothing: neither in the density nor
    in the normal equations.
    """
    import sigpy

    # coordinates in cycles per field of view, rows first
    coordinates = trajectory[..., ::-1].transpose(1, 0, 2)[mask] * np.array(matrix, np.float32)
    coordinates = np.ascontiguousarray(coordinates, np.float32)
    kspace = kspace[:, mask]
    density = sampled_area(coordinates, matrix, halt)
    if method == "zero-filled":
        coils = sigpy.linop.NUFFT((len(kspace), *matrix), coordinates).H * (kspace * density)
        energy = np.abs(coils) ** 2
        image = np.sqrt(energy.sum(0))
        # noise of a gridded pixel: the weights' root of the sum of squares, each coil's by its share of the signal
        variance = np.tensordot(noise**2, energy, 1) / np.maximum(energy.sum(0), np.finfo(np.float32).tiny)
        return Method(image, np.sqrt(variance * (density**2).sum() / np.prod(matrix)), np.zeros(matrix))
    level, measured, combined = root_mean_square(noise), kspace, combinations(kspace, VIRTUAL_COILS)
    kspace, left_out = virtual_coils(kspace, kspace, VIRTUAL_COILS)
    maps = sensitivities_along(kspace, coordinates, density, matrix, level, halt)
    operator = NonUniformSense(maps, coordinates, density)
    weight = regularisation(level, float((np.abs(kspace) ** 2 * density).sum()) / float(np.prod(matrix)))

    def solve(samples: ComplexArray) -> ComplexArray:
        right = operator.adjoint(np.tensordot(combined, samples, 1))
        return conjugate_gradients(operator.normal, np.zeros_like(right), right, weight, _STEPS, _TOLERANCE, halt)[0]

    image = solve(measured)
    spread = propagated(solve, image, measured, noise)
    difference = operator.forward(image) - kspace
    energy = float((np.abs(kspace) ** 2).sum() + left_out.sum())
    lost = float((np.abs(difference) ** 2).sum() + left_out.sum())
    return Method(image, spread, np.full(matrix, np.sqrt(lost / energy)))


def sampled_area(coordinates: Array, matrix: tuple[int, int], halt: Halt = never) -> Array:
    """The area of k-space that each sample stands for, so that gridding keeps the unit of a unitary transform."""
    import sigpy

    # as sigpy.mri.pipe_menon_dcf, which nobody could stop
    gridding = sigpy.linop.Gridding(matrix, coordinates, kernel="kaiser_bessel", width=4, param=8)
    density = np.ones(coordinates.shape[:-1], coordinates.dtype)
    for _ in range(_DENSITY_STEPS):
        halt()
        density /= np.abs(gridding.H * (gridding * density))
    density = np.abs(density).astype(np.float32)
    # SigPy's transform is unitary on the grid
    grid = sigpy.linop.NUFFT((1, *matrix), coordinates)
    flat = grid * (grid.H * density[None].astype(np.complex64))
    density /= max(float(np.vdot(density, np.abs(flat[0])) / density.sum()), 1e-30)
    return density


def sensitivities_along(
    kspace: ComplexArray, coordinates: Array, density: Array, matrix: tuple[int, int], noise: float, halt: Halt = never
) -> ComplexArray:
    """ESPIRiT maps from the samples about the centre, brought onto a small grid by least squares.

    Gridding alone leaves side lobes at the edge of the field of view, which maps would take for coils.
    """
    import sigpy

    if len(kspace) == 1:
        return np.ones((1, *matrix), np.complex64)
    side = min(LARGEST_CALIBRATION + 8, *matrix)
    near = np.hypot(coordinates[..., 0], coordinates[..., 1]) <= side / 2
    transform = sigpy.linop.NUFFT((len(kspace), side, side), coordinates[near])
    weights = density[near] * np.float32(side * side / np.prod(matrix))

    def normal(images: ComplexArray) -> ComplexArray:
        return np.asarray(transform.H * (weights * (transform * images)), np.complex64)

    right = np.asarray(transform.H * (weights * kspace[:, near]), np.complex64)
    images, _ = conjugate_gradients(normal, np.zeros_like(right), right, 1e-3, 15, 1e-3, halt)
    margin = (side - min(LARGEST_CALIBRATION, side)) // 2
    centre = to_kspace(images)[:, margin : side - margin, margin : side - margin]
    return sensitivities(centre, matrix, noise * 2**0.5, halt=halt)[0]
