"""Inputs for the benchmark."""

from __future__ import annotations

import numpy as np

from recon.tasks.ct.sample import ct_volume


def test_slices_of_a_series_differ() -> None:
    values = ct_volume(2, 3).values
    assert not np.array_equal(values[0], values[1])
    assert not np.array_equal(values[1], values[2])
