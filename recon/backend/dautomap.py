"""dAUTOMAP: Cartesian k-space of one coil, zero where not measured, through ``model.onnx``.

The network takes k-space in units of its root mean square. This restores the units and measures what the
image leaves unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.arrays import Array
from recon.backend.device import PROCESSOR
from recon.backend.python_model import PythonModel, RequestRefused, as_measured
from recon.backend.runtime import runtime_of
from recon.physics.fourier import to_kspace

SIDE = 256
_INPUT, _OUTPUT = "kspace", "image_and_interval"


class DautomapReconstruction:
    """The network with what belongs around it; ``folder`` holds ``model.onnx``."""

    def __init__(self, folder: Path, device: str = PROCESSOR) -> None:
        self.shape = (SIDE, SIDE)
        self.network = runtime_of(folder / "model.onnx", exact=True, device=device)

    def __call__(self, raw: npt.NDArray[np.complex64], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """(5, y, x): image, interval and unexplained k-space of raw data (along the readout, lines).

        ``mask`` says which of them were measured.

        Raises
        ------
        Refused
            When the matrix is another one.
        """
        if raw.shape != self.shape:
            raise RequestRefused(f"raw data are {raw.shape[0]}x{raw.shape[1]}; this network is for {SIDE}x{SIDE}")
        scale = np.sqrt(np.mean(np.abs(raw) ** 2))
        planes = np.zeros((5, SIDE, SIDE), np.float32)
        if scale > 0:
            planes[:4] = self.raw_output(raw / scale) * scale
            planes[4] = np.abs(to_kspace(planes[0] + 1j * planes[1]) - raw) * mask
        return planes

    def raw_output(self, unit: npt.NDArray[np.complex64]) -> Array:
        """What the network makes of k-space with a root mean square of 1, (4, y, x)."""
        given = np.stack([unit.real, unit.imag])[None].astype(np.float32)
        return self.network({_INPUT: given}, [_OUTPUT])[0][0]


class TritonPythonModel(PythonModel):
    """Triton's interface to it."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """See :class:`PythonModel`."""
        self.reconstruct = DautomapReconstruction(folder, self.device)
        self.reconstruct(np.ones(self.reconstruct.shape, np.complex64), np.ones(self.reconstruct.shape, bool))

    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Array]:
        """See :class:`PythonModel`."""
        kspace, mask = as_measured(inputs)
        if len(kspace) != 1:
            raise RequestRefused(f"raw data of {len(kspace)} coils; this network is for one")
        return {"image_interval_residual": self.reconstruct(kspace[0], mask)[None]}
