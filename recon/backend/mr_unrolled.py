"""The unrolled MR network: data consistency here, the U-Net of each cascade in ONNX.

Step by step it does what :mod:`recon.networks.mr_unrolled` does on torch tensors; a test compares the two. Arrays are
of NumPy, or of a library that has them on a GPU, see :mod:`recon.physics.namespace`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.arrays import Array, ComplexArray
from recon.backend.device import Place, arrays_on, as_it_is
from recon.backend.python_model import PythonModel, as_measured
from recon.backend.runtime import Network, runtime_of
from recon.physics.coil_compression import virtual_coils
from recon.physics.conjugate_gradients import conjugate_gradients
from recon.physics.espirit import centre_of, sensitivities
from recon.physics.halting import Halt, never
from recon.physics.namespace import beside, namespace, on_host, single, zeros
from recon.physics.sampling import calibration_size
from recon.physics.sense import Sense
from recon.physics.thermal_noise import outer_noise

CASCADES = ("cascade1.onnx", "cascade2.onnx", "cascade3.onnx")
REPEATS = 3  # of the last cascade, which goes on from its own result
CG_STEPS = 6
START_STEPS, START_WEIGHT = 7, 0.02
MEMORY = 8
STRIDE = 8
MOST_COILS = 12  # more are compressed to so many virtual ones
LEAST = float(np.finfo(np.float32).tiny)  # of an interval's half-width
WORKERS = max(1, len(os.sched_getaffinity(0)))
_OUTPUTS = ["update", "widths", "memory_out", "weight"]


class Unrolled:
    """The whole reconstruction of one slice.

    Parameters
    ----------
    cascades
        The networks.
    repeats
        Of the last one.
    place
        Puts k-space where it is worked on.
    """

    def __init__(self, cascades: Sequence[Network], repeats: int = REPEATS, place: Place = as_it_is) -> None:
        self._place = place
        self.cascades = [*cascades, *[cascades[-1]] * (repeats - 1)]

    def __call__(
        self, kspace: ComplexArray, mask: npt.NDArray[np.bool_], halt: Halt = never
    ) -> npt.NDArray[np.float32]:
        """(5, y, x) float32: image, interval below and above, unexplained k-space.

        Parameters
        ----------
        kspace
            (coils, ky, kx), NumPy's.
        mask
            (ky, kx), what was measured; NumPy's.
        halt
            Called between steps.
        """
        calibration = calibration_size(mask)
        kspace = self._place(kspace)
        kspace, left_out = virtual_coils(kspace, centre_of(kspace, calibration, max(calibration)), MOST_COILS)
        xp = namespace(kspace)
        height, width = mask.shape
        noise = outer_noise(kspace, mask)
        maps, scale = sensitivities(centre_of(kspace, calibration), (height, width), noise, WORKERS, halt)
        if not scale > 0:  # nothing in the centre of k-space: there is no image to start from
            measured = on_host(xp.sqrt((abs(kspace) ** 2).sum(0) + left_out))
            unknown = np.full((height, width), max(float(np.sqrt((measured**2).sum())), LEAST))
            return np.stack([0 * measured, 0 * measured, unknown, unknown, measured]).astype(np.float32)
        sense = Sense(maps, mask, WORKERS)
        adjoint = sense.adjoint(kspace / scale)
        image, residual = conjugate_gradients(
            sense.normal, xp.zeros_like(adjoint), adjoint, START_WEIGHT, START_STEPS, halt=halt
        )
        gradient = single(-START_WEIGHT) * image - residual
        given = beside(conditions(noise / scale, float(mask.mean())), left_out)
        padded = height + -height % STRIDE, width + -width % STRIDE
        memory = zeros((1, MEMORY, *padded), left_out)
        planes = zeros((1, 4, *padded), left_out)
        widths = planes[:, :2]
        for cascade in self.cascades:
            for row, part in enumerate((image.real, image.imag, gradient.real, gradient.imag)):
                planes[0, row, :height, :width] = part
            made = cascade({"planes": planes, "memory": memory, "conditions": given}, _OUTPUTS)
            update = beside(made[0], left_out)[0, :, :height, :width]
            widths, memory = (xp.asarray(beside(part, left_out), copy=True) for part in made[1:3])
            weight = float(made[3][0, 0])
            wanted = image + (update[0] + 1j * update[1])
            image, residual = conjugate_gradients(
                sense.normal, wanted, adjoint - sense.normal(wanted), weight, CG_STEPS, halt=halt
            )
            gradient = weight * (wanted - image) - residual
        image = image * scale
        below, above = xp.clip(widths[0, :, :height, :width] * scale, LEAST, None)
        unexplained = sense.forward(image) - kspace * sense.mask
        left = xp.sqrt((abs(unexplained) ** 2).sum(0) + left_out)
        return on_host(xp.stack([image.real, image.imag, below, above, left]))


def conditions(noise: float, share: float) -> npt.NDArray[np.float32]:
    """Logarithms of noise level and acceleration, each about within -1 to 1, (1, 2)."""
    level = (np.log(np.clip(noise, 1e-4, 1.0)) + 4.5) / 2.0
    return np.array([[level, -np.log(share) - 1.3]], np.float32)


class TritonPythonModel(PythonModel):
    """Triton's interface to it."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """See :class:`PythonModel`."""
        self.output = config["output"][0]["name"]
        cascades = [runtime_of(folder / name, exact=True, device=self.device) for name in CASCADES]
        self.run = Unrolled(cascades, place=arrays_on(self.device))
        warm = [int(side) for side in parameters["warm_shape"].split(",")]
        self.run(np.ones(warm, np.complex64), np.ones(warm[1:], bool))

    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Array]:
        """See :class:`PythonModel`."""
        return {self.output: self.run(*as_measured(inputs), self.halt)[None]}
