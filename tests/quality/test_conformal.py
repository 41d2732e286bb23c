from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.quality.conformal import conformal_factor, measured_coverage


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 0.95), st.floats(0.2, 5.0))
def test_new_data_is_covered_as_stated(seed: int, coverage: float, misfit: float) -> None:
    rng = np.random.default_rng(seed)
    width = rng.uniform(1, 20, 80_000)
    error = rng.normal(0, 1, 80_000) * width * misfit
    factor = conformal_factor(error[:40_000], width[:40_000], coverage)
    assert measured_coverage(error[40_000:], factor * width[40_000:]) == pytest.approx(coverage, abs=0.025)


def test_impossible_coverage_is_refused() -> None:
    with pytest.raises(ValueError, match="coverage"):
        conformal_factor(np.ones(3), np.ones(3), 1.0)
