"""The toy task's model as a site would write it: code that runs inside Triton and in one process alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recon.backend.python_model import PythonModel


class TritonPythonModel(PythonModel):
    """Multiplies."""

    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        pass

    def answer(self, inputs: Mapping[str, np.ndarray], parameters: Mapping[str, str]) -> Mapping[str, np.ndarray]:
        wave = inputs["wave"]
        return {"product": (np.hypot(wave[..., 0], wave[..., 1]) * inputs["gain"]).astype(np.float32)}
