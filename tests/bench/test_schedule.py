"""Arrivals are Poisson and repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from recon.bench.schedule import poisson


def test_gaps_are_exponential_with_the_rate() -> None:
    gaps = np.diff(poisson(50.0, 20000, seed=3), prepend=0.0)
    assert gaps.min() > 0
    assert np.mean(gaps) == pytest.approx(1 / 50, rel=0.03)
    assert np.std(gaps) == pytest.approx(1 / 50, rel=0.05)


def test_the_seed_fixes_the_moments() -> None:
    assert np.array_equal(poisson(5, 10, 1), poisson(5, 10, 1))
    assert not np.array_equal(poisson(5, 10, 1), poisson(5, 10, 2))


def test_no_rate_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="positive"):
        poisson(0, 10, 1)
