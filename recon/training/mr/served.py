"""The served model beside the training: the file that runs inside Triton, loaded as a module."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from recon.arrays import FloatArray
from recon.physics.sampling import Mask
from recon.training.mr.sampler import Sensitivities

ComplexArray = npt.NDArray[np.complex64]
Reconstruct = Callable[[ComplexArray], FloatArray]


def load_module(folder: Path) -> ModuleType:
    """``model.py`` of a version's folder in the model repository."""
    spec = importlib.util.spec_from_file_location(f"served_{folder.parent.name}", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def served_sensitivities(code: Path) -> Sensitivities:
    """Sensitivities as ``model.py`` of a version's folder finds them."""
    module = load_module(code)

    def sensitivities(kspace: ComplexArray, mask: Mask) -> ComplexArray:
        noise = module.noise_level(kspace, mask)
        maps, _ = module.sensitivities(kspace, module.calibration_size(mask), noise)
        return np.asarray(maps, np.complex64)

    return sensitivities


def load_unrolled(code: Path, weights: Path | None = None, runtime: str = "runtime") -> Reconstruct:
    """The served reconstruction: (5, y, x) float32 of k-space (coils, ky, kx).

    Parameters
    ----------
    code
        Version folder with ``model.py``.
    weights
        Folder with the ONNX files, where they are elsewhere.
    runtime
        ``OpenVino``, ``OnnxRuntime`` (needs no compilation for a new matrix) or ``runtime``, the served choice.
    """
    module = load_module(code)
    load = getattr(module, runtime)
    reconstruct: Reconstruct = module.Unrolled([load((weights or code) / name) for name in module.CASCADES])
    return reconstruct
