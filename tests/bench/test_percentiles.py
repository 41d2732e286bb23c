"""Percentiles need samples; the counts are those of MLPerf's early stopping."""

from __future__ import annotations

import numpy as np
import pytest

from recon.bench.percentiles import percentile, samples_needed


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 11), (0.9, 64), (0.95, 130), (0.99, 662)])
def test_as_many_samples_as_early_stopping_asks_for(quantile: float, needed: int) -> None:
    assert samples_needed(quantile) == needed


def test_too_few_samples_give_a_bound_or_nothing() -> None:
    assert percentile([], 0.9).value is None
    few = percentile(list(range(43)), 0.9)
    assert (few.value, few.bound) == (None, None)
    some = percentile(list(range(50)), 0.9)
    assert (some.value, some.bound) == (None, 49)
    assert str(some) == "≤49.0"
    enough = percentile(list(range(64)), 0.9)
    assert (enough.value, enough.bound) == (57, 62)


def test_the_bound_holds_with_its_confidence() -> None:
    rng = np.random.default_rng(0)
    true = -np.log(0.1)  # 90th percentile of the exponential distribution
    bounds = [percentile(rng.exponential(1, 100).tolist(), 0.9).bound for _ in range(2000)]
    below = np.mean([bound is not None and bound < true for bound in bounds])
    assert below <= 0.015
