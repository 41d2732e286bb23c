"""How many components hold how much."""

from __future__ import annotations

import numpy as np

from recon.training.automap.spectrum import components


def test_components() -> None:
    assert components(np.array([3.0, 1.0, 0.0], np.float32), 0.9) == 1
    assert components(np.array([1.0, 1.0, 1.0, 1.0], np.float32), 0.99) == 4
