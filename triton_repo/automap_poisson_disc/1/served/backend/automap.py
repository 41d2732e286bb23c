"""AUTOMAP: the samples of one encoding of one coil through ``model.onnx``; ``encoding.npz`` says which they are.

The network takes the acquired samples in units of their root mean square. This picks them out of the raw
data, restores the units, and measures what the image leaves unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from served.arrays import Array, ComplexArray
from served.backend.device import PROCESSOR
from served.backend.python_model import PythonModel, RequestRefused, as_measured
from served.backend.runtime import runtime_of

_INPUT, _OUTPUT = "samples", "image_and_interval"


class AutomapReconstruction:
    """The network of one encoding with what belongs around it.

    Parameters
    ----------
    folder
        Holds ``model.onnx`` and ``encoding.npz``: ``measured`` (flat indices into the raw data),
        ``shape`` of the raw data, ``image_scale``, ``side``, and either ``delay`` of the odd lines in
        samples or ``trajectory``.
    """

    def __init__(self, folder: Path, device: str = PROCESSOR) -> None:
        with np.load(folder / "encoding.npz") as stored:
            self.measured, self.shape = stored["measured"], tuple(int(n) for n in stored["shape"])
            self.image_scale, self.side = float(stored["image_scale"]), int(stored["side"])
            self.trajectory = stored.get("trajectory")
            self.delay = float(stored.get("delay", 0.0))
        self.place = np.arange(self.side) - self.side // 2
        self.fourier = self._exponential(self.place / self.side)
        self.late = np.exp(-2j * np.pi * self.delay / self.side * self.place).astype(np.complex64)
        self.along = None if self.trajectory is None else self._path(self.trajectory)
        self.network = runtime_of(folder / "model.onnx", exact=True, device=device)

    def _exponential(self, cycles_per_pixel: Array) -> ComplexArray:
        angle = np.asarray(cycles_per_pixel, np.float64)[..., None] * self.place
        return (np.exp(-2j * np.pi * angle) / np.sqrt(self.side)).astype(np.complex64)

    def _path(self, trajectory: Array) -> tuple[ComplexArray, ComplexArray]:
        return self._exponential(trajectory[..., 0].ravel()), self._exponential(trajectory[..., 1].ravel())

    def __call__(
        self, raw: ComplexArray, mask: npt.NDArray[np.bool_], trajectory: Array | None = None
    ) -> npt.NDArray[np.float32]:
        """(5, y, x): image, interval and unexplained k-space of raw data (along the readout, readouts).

        ``mask`` says which of them were measured.

        Raises
        ------
        Refused
            When raw data or trajectory have another shape.
        """
        if raw.shape != self.shape:
            raise RequestRefused(f"raw data are {raw.shape[0]}x{raw.shape[1]}; this network is for {self.shape}")
        samples = raw.ravel()[self.measured]
        scale = np.sqrt(np.mean(np.abs(samples) ** 2))
        planes = np.zeros((5, self.side, self.side), np.float32)
        if not scale > 0:
            return planes
        planes[:4] = self.raw_output(samples / scale) * np.float32(scale * self.image_scale)
        image = planes[0] + 1j * planes[1]
        planes[4] = self._unexplained(image.astype(np.complex64), raw, mask, trajectory)
        return planes

    def raw_output(self, unit: ComplexArray) -> Array:
        """What the network makes of samples with a root mean square of 1, (4, y, x)."""
        given = np.stack([unit.real, unit.imag])[None].astype(np.float32)
        return self.network({_INPUT: given}, [_OUTPUT])[0][0]

    def _unexplained(
        self, image: ComplexArray, raw: ComplexArray, mask: npt.NDArray[np.bool_], trajectory: Array | None
    ) -> Any:
        """On the grid, the magnitude that is left of each sample; along a trajectory, its share of the whole."""
        if self.trajectory is None or self.along is None:
            hybrid = image @ self.fourier.T
            hybrid[:, 1::2] *= self.late[:, None]
            known = mask.copy()
            known.ravel()[self.measured] = True
            return np.abs(self.fourier @ hybrid - raw) * known
        rows, columns = self.along
        if trajectory is not None and trajectory.size and not np.array_equal(trajectory, self.trajectory):
            if trajectory.shape != self.trajectory.shape:
                raise RequestRefused(
                    f"the trajectory is {trajectory.shape}; this network is for {self.trajectory.shape}"
                )
            rows, columns = self._path(trajectory)
        left = np.einsum("sy,ys->s", rows, image @ columns.T) - raw.ravel()
        return np.linalg.norm(left) / np.linalg.norm(raw)


class TritonPythonModel(PythonModel):
    """Triton's interface to it."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """See :class:`PythonModel`."""
        self.reconstruct = AutomapReconstruction(folder, self.device)
        self.reconstruct(np.ones(self.reconstruct.shape, np.complex64), np.ones(self.reconstruct.shape, bool))

    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Array]:
        """See :class:`PythonModel`."""
        kspace, mask = as_measured(inputs)
        if len(kspace) != 1:
            raise RequestRefused(f"raw data of {len(kspace)} coils; this network is for one")
        path = inputs.get("trajectory")
        # the service sends (readouts, samples, x and y)
        turned = None if path is None else np.ascontiguousarray(path.transpose(1, 0, 2)[..., ::-1])
        return {"image_interval_residual": self.reconstruct(kspace[0], mask, turned)[None]}
