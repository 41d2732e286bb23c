"""Means over part of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.masked import mean_where


def test_only_what_is_masked_counts() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    mask = values % 3 == 0
    assert mean_where(mask, values) == pytest.approx(float(values[mask].mean()))
    assert mean_where(mask, values.astype(np.int16)) == pytest.approx(4.5)


def test_nothing_has_no_mean() -> None:
    assert np.isnan(mean_where(np.zeros((2, 2), bool), np.ones((2, 2), np.float32)))
