"""Outputs of a network whose errors are known."""

from __future__ import annotations

import numpy as np

from recon.tasks.ct.denoise import STEP_HU, STRIDE
from recon.volumes import Geometry

GEOMETRY = Geometry.from_spacing(0.7, 0.7, 3)


def output_of(hu: np.ndarray, noise: np.ndarray, width: float = 10.0) -> np.ndarray:
    rows, columns = (side + -side % STRIDE for side in hu.shape)
    out = np.full((2, rows, columns), width / STEP_HU, np.int16)
    out[0] = 0
    out[0, : hu.shape[0], : hu.shape[1]] = np.rint(noise / STEP_HU)
    return out
