"""A head as a volume to train on."""

from __future__ import annotations

import numpy as np

from recon.training.contrast.anatomy import HeadVolume
from tests.tasks.contrast.phantom import head


def head_volume(full: np.ndarray | None = None) -> HeadVolume:
    clean = head()
    return HeadVolume("phantom", clean, full, clean > 0, "anatomy" if full is None else "pair")
