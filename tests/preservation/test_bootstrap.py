from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.bootstrap import interval


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    low, high = interval(values, np.arange(400), lambda drawn: float(drawn.mean()))
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.25)
    assert low < values.mean() < high


def test_what_belongs_together_is_drawn_together() -> None:
    """Ten images of fifty equal values each tell as much as ten values."""
    values = np.repeat(np.random.default_rng(1).normal(size=10), 50)
    together = np.subtract(*interval(values, np.repeat(np.arange(10), 50), lambda drawn: float(drawn.mean())))
    apart = np.subtract(*interval(values, np.arange(500), lambda drawn: float(drawn.mean())))
    assert together < 3 * apart < 0


def test_one_group_is_drawn_value_by_value() -> None:
    values = np.random.default_rng(2).normal(size=60)
    low, high = interval(values, np.zeros(60, int))
    assert low < np.median(values) < high


def test_nothing_has_no_interval() -> None:
    assert np.isnan(interval(np.zeros(0), np.zeros(0, int))).all()
