"""The served model beside the training: the code that runs inside Triton, on a folder of weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from recon.arrays import ComplexArray, FloatArray, Mask
from recon.backend.mr_unrolled import CASCADES, Unrolled
from recon.backend.runtime import runtime_of
from recon.physics.espirit import centre_of, sensitivities
from recon.physics.sampling import calibration_size
from recon.physics.thermal_noise import outer_noise

#: (5, y, x) of k-space (coils, ky, kx) and its mask (ky, kx).
Reconstruct = Callable[[ComplexArray, Mask], FloatArray]


def served_sensitivities(kspace: ComplexArray, mask: Mask) -> ComplexArray:
    """Sensitivities (coils, y, x) of k-space (coils, ky, kx) with a mask, as the server finds them."""
    height, width = mask.shape
    centre = centre_of(kspace, calibration_size(mask))
    maps, _ = sensitivities(centre, (height, width), outer_noise(kspace, mask))
    return np.asarray(maps, np.complex64)


def load_unrolled(weights: Path, runtime: str = "") -> Reconstruct:
    """The served reconstruction: (5, y, x) float32 of k-space (coils, ky, kx) and its mask (ky, kx).

    Parameters
    ----------
    weights
        Folder with the ONNX files.
    runtime
        ``openvino``, ``onnxruntime`` (needs no compilation for a new matrix) or empty, the served choice.
    """
    return Unrolled([runtime_of(weights / name, runtime, exact=True) for name in CASCADES])
