"""The classical reconstructions that a network is compared with.

Zero-filled root-sum-of-squares; CG-SENSE (Pruessmann et al., MRM 46:638, 2001) and L1-wavelet compressed
sensing (Lustig et al., MRM 58:1182, 2007) with ESPIRiT maps. What lies along a trajectory is in
:mod:`recon.backend.mr_trajectory`. Arrays are of NumPy, or of a library that has them on a GPU, see
:mod:`recon.physics.namespace`; wavelets, and what lies along a trajectory, are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from served.arrays import Array, ComplexArray, Mask
from served.backend.device import Place, arrays_on, as_it_is
from served.backend.mr_trajectory import along_trajectory
from served.backend.python_model import PythonModel, RequestRefused, as_measured
from served.backend.replicas import HALF_WIDTH, Method, propagated, regularisation, root_mean_square
from served.physics.coil_compression import combinations, virtual_coils
from served.physics.conjugate_gradients import conjugate_gradients
from served.physics.espirit import LARGEST_CENTRE, centre_of, sensitivities
from served.physics.fourier import to_image
from served.physics.halting import Halt, never
from served.physics.namespace import beside, namespace, on_host, single
from served.physics.sampling import calibration_block, calibration_size
from served.physics.sense import Sense
from served.physics.thermal_noise import outer_noise

VIRTUAL_COILS = 12  # kept of more
SENSE_STEPS, SENSE_TOLERANCE = 40, 1e-3
WAVELET, WAVELET_STEPS = "db4", 60
WAVELET_WEIGHT = 0.2  # in standard deviations of the noise
_LEAST_CALIBRATION = 6


def coil_maps(kspace: ComplexArray, mask: Mask, noise: float, halt: Halt = never) -> ComplexArray:
    """Maps (coils, y, x) over the whole field of view; ones for a single coil.

    Parameters
    ----------
    kspace
        (coils, ky, kx).
    mask
        (ky, kx), what was measured.
    noise
        Standard deviation of a coil's real part.
    halt
        Called between steps.
    """
    coils, rows, columns = kspace.shape
    if coils == 1:
        return beside(np.ones((1, rows, columns), np.complex64), kspace)
    calibration = calibration_size(mask)
    centre = centre_of(kspace, calibration)
    if min(calibration) < _LEAST_CALIBRATION:  # a half echo may have a block that is not centred
        down, across = calibration_block(mask)
        centre = kspace[:, down, across][:, :LARGEST_CENTRE, :LARGEST_CENTRE]
        if min(centre.shape[1:]) < _LEAST_CALIBRATION:  # nothing to calibrate with: equal coils, summed as they are
            return beside(np.full(kspace.shape, coils**-0.5, np.complex64), kspace)
    return sensitivities(centre, (rows, columns), noise * 2**0.5, halt=halt)[0]


def zero_filled(kspace: ComplexArray, mask: Mask, noise: Array, halt: Halt = never) -> Method:
    """Every sample is kept as it is; noise of each coil is that of k-space times the share measured."""
    energy = on_host(abs(to_image(kspace)) ** 2)
    image = np.sqrt(energy.sum(0))
    # of a root sum of squares: each coil's noise counts by its share of the signal
    variance = np.tensordot(noise**2, energy, 1) / np.maximum(energy.sum(0), np.finfo(np.float32).tiny)
    return Method(image, np.sqrt(variance * mask.mean()), np.zeros(image.shape))


def sense(kspace: ComplexArray, mask: Mask, noise: Array, halt: Halt = never) -> Method:
    """CG-SENSE with Wiener's weight of the identity."""
    level = root_mean_square(noise)
    xp = namespace(kspace)
    matrix = combinations(kspace[:, beside(mask, kspace)], VIRTUAL_COILS)
    operator, virtual, left_out = _prepared(kspace, mask, level, halt)
    weight = regularisation(level, float((abs(virtual) ** 2).sum()) / mask.size)

    def solve(samples: ComplexArray) -> ComplexArray:
        right = operator.adjoint(xp.tensordot(matrix, samples, axes=1) * operator.mask)
        steps = SENSE_STEPS, SENSE_TOLERANCE
        return conjugate_gradients(operator.normal, xp.zeros_like(right), right, weight, *steps, halt)[0]

    image = solve(kspace)
    spread = propagated(solve, image, kspace, noise)
    return Method(on_host(image), spread, _unexplained(operator, image, virtual, left_out))


def l1_wavelet(kspace: ComplexArray, mask: Mask, noise: Array, halt: Halt = never) -> Method:
    """FISTA (Beck and Teboulle, 2009) with wavelets at a random shift in each step, against blocking."""
    level = root_mean_square(noise)
    operator, kspace, left_out = _prepared(kspace, mask, level, halt)
    right = operator.adjoint(kspace)
    threshold = WAVELET_WEIGHT * level * np.sqrt(2)
    random = np.random.default_rng(0)
    image, ahead, t = right, right, 1.0
    for _ in range(WAVELET_STEPS):
        halt()
        step = ahead + right - operator.normal(ahead)
        new = beside(shrink(on_host(step), threshold, random.integers(0, 16, 2)), step)
        faster = 0.5 + float(np.sqrt(0.25 + t * t))
        ahead = new + single((t - 1) / faster) * (new - image)
        image, t = new, faster
    rest = _unexplained(operator, image, kspace, left_out)
    return Method(on_host(image), np.full(image.shape, np.nan), rest)


def shrink(image: ComplexArray, threshold: float, shift: npt.NDArray[np.int64]) -> ComplexArray:
    """Wavelet coefficients pulled towards zero; the coarsest scale stays."""
    import pywt

    rolled = np.roll(image, shift, (0, 1))
    levels = max(1, min(4, int(np.log2(min(image.shape))) - 3))
    coarse, *fine = pywt.wavedec2(rolled, WAVELET, mode="periodization", level=levels)
    soft = [tuple(soft_threshold(part, threshold) for part in level) for level in fine]
    back = pywt.waverec2([coarse, *soft], WAVELET, mode="periodization")
    return np.roll(back[: image.shape[0], : image.shape[1]], -shift, (0, 1)).astype(np.complex64)


def soft_threshold(values: Array, threshold: float) -> Array:
    """Complex values with their magnitude less the threshold."""
    size = np.abs(values)
    return np.asarray(values * (np.maximum(size - threshold, 0) / np.maximum(size, 1e-30)))


CARTESIAN: dict[str, Callable[[ComplexArray, Mask, Array, Halt], Method]] = {
    "zero-filled": zero_filled,
    "sense": sense,
    "l1-wavelet": l1_wavelet,
}


def reconstruct(
    method: str,
    kspace: ComplexArray,
    mask: Mask,
    noise: Array | float = np.nan,
    trajectory: Array | None = None,
    matrix: tuple[int, int] | None = None,
    halt: Halt = never,
    place: Place = as_it_is,
) -> npt.NDArray[np.float32]:
    """(5, y, x): image, half-width of its interval below and above, and what it leaves unexplained.

    Parameters
    ----------
    method
        One of :data:`CARTESIAN`; along a trajectory all but ``l1-wavelet``.
    kspace
        (coils, ky, kx) complex64; with a trajectory (coils, samples, readouts).
    mask
        The last two axes: what was measured.
    noise
        Standard deviation of the real part of each coil, or of all; NaN where unknown, then it is taken from
        the samples.
    trajectory
        (readouts, samples, 2): along x, then y, in cycles per pixel. Then the last plane is the relative
        residual everywhere.
    matrix
        Rows and columns of the image along a trajectory.
    halt
        Called between the steps of an iteration.
    place
        Puts Cartesian k-space where it is worked on.
    """
    levels = np.broadcast_to(np.asarray(noise, np.float64), len(kspace))
    if not np.isfinite(levels).all():
        levels = np.full(len(kspace), outer_noise(kspace, mask) * 0.5**0.5)
    if trajectory is None or matrix is None:
        made = CARTESIAN[method](place(kspace), mask, levels, halt)
    else:
        made = along_trajectory(method, kspace, mask, trajectory, matrix, levels, halt)
    width = HALF_WIDTH * made.spread
    return np.stack([np.real(made.image), np.imag(made.image), width, width, made.rest]).astype(np.float32)


def problem_with(method: str, parameters: Mapping[str, str], along: bool, names: Sequence[str]) -> str:
    """Why a request can't be done; empty when it can.

    Parameters
    ----------
    method, parameters
        Of the request.
    along
        Whether it brings a trajectory.
    names
        Of the methods that there are.
    """
    if method not in names:
        return f"no method {method!r}; there are {', '.join(names)}"
    if along and method == "l1-wavelet":
        return "l1-wavelet takes Cartesian k-space; use sense or zero-filled along a trajectory"
    if along and not {"rows", "columns"} <= set(parameters):
        return "a trajectory needs the parameters rows and columns"
    return ""


def _prepared(
    kspace: ComplexArray, mask: Mask, noise: float, halt: Halt
) -> tuple[Sense, ComplexArray, npt.NDArray[np.float32]]:
    virtual, left_out = virtual_coils(kspace, kspace[:, beside(mask, kspace)], VIRTUAL_COILS)
    return Sense(coil_maps(virtual, mask, noise, halt), mask), virtual, left_out


def _unexplained(operator: Sense, image: ComplexArray, kspace: ComplexArray, left_out: Array) -> Array:
    """Magnitude over coils of what the image does not explain of the measured samples."""
    residual = operator.forward(image) - kspace
    return on_host(namespace(residual).sqrt((abs(residual) ** 2).sum(0) + left_out))


class TritonPythonModel(PythonModel):
    """Triton's interface to them."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """See :class:`PythonModel`."""
        self.methods, self.place = parameters["methods"].split(","), arrays_on(self.device)

    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Array]:
        """See :class:`PythonModel`."""
        method, trajectory = str(parameters.get("method", "")), inputs.get("trajectory")
        problem = problem_with(method, parameters, trajectory is not None, self.methods)
        if problem:
            raise RequestRefused(problem)
        matrix = None if trajectory is None else (int(parameters["rows"]), int(parameters["columns"]))
        kspace, mask = as_measured(inputs)
        noise = inputs.get("noise_std", np.nan)
        planes = reconstruct(method, kspace, mask, noise, trajectory, matrix, self.halt, self.place)
        return {"image_interval_residual": planes[None]}
