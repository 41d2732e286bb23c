"""The learned transforms in the repository, and a head for them to see."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from recon.physics.encoding import NAMES

ROOT = Path(__file__).parents[2]

REPOSITORY, MODELS = ROOT / "triton_repo", ROOT / "models"

SHIPPED = [name for name in NAMES if (REPOSITORY / f"automap_{name}" / "config.pbtxt").exists()]


def parameters_of(folder: Path) -> dict[str, str]:
    text = (folder / "config.pbtxt").read_text()
    return dict(re.findall(r'key: "([^"]+)" value: \{ string_value: "([^"]*)" \}', text))


def phantom(side: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : 4 * side * 1j, -1 : 1 : 4 * side * 1j]
    head = 0.9 * (np.hypot(y / 0.85, x / 0.65) < 1) - 0.5 * (np.hypot(y / 0.75, x / 0.55) < 1)
    for top, left, size, value in ((-0.2, -0.2, 0.2, 0.3), (0.3, 0.15, 0.15, -0.25), (-0.1, 0.25, 0.1, 0.5)):
        head = head + value * (np.hypot(y - top, x - left) < size)
    fine = head * np.exp(1j * (0.3 + 0.6 * y - 0.4 * x * x))
    return fine.reshape(side, 4, side, 4).mean((1, 3)).astype(np.complex64)  # pixels are areas, not points
