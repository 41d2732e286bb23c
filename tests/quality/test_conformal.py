from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.quality.conformal import TooFewSamples, conformal_factor, measured_coverage


@settings(max_examples=25)
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


@pytest.mark.parametrize(("pixels", "coverage", "rank"), [(9, 0.9, 9), (19, 0.9, 18), (100, 0.9, 91), (99, 0.55, 55)])
def test_the_factor_is_the_score_of_the_rank_that_the_coverage_needs(pixels: int, coverage: float, rank: int) -> None:
    """The ceil((n + 1) * coverage)-th smallest: not the one above it."""
    scores = np.random.default_rng(0).permutation(pixels) + 1.0
    assert conformal_factor(2 * scores, np.full(pixels, 2.0), coverage) == rank


@pytest.mark.parametrize(("pixels", "coverage", "least"), [(0, 0.9, 9), (8, 0.9, 9), (18, 0.95, 19)])
def test_no_factor_holds_with_too_few_pixels(pixels: int, coverage: float, least: int) -> None:
    with pytest.raises(TooFewSamples, match=f"needs {least} held-out pixels, not {pixels}; hold out more"):
        conformal_factor(np.ones(pixels), np.ones(pixels), coverage)
    conformal_factor(np.ones(least), np.ones(least), coverage)


def test_without_pixels_there_is_no_coverage() -> None:
    with pytest.raises(TooFewSamples, match="no pixels"):
        measured_coverage(np.ones(0), np.ones(0))


def test_what_is_no_number_is_said() -> None:
    with pytest.raises(ValueError, match="1 of 20 held-out errors"):
        conformal_factor(np.r_[np.nan, np.ones(19)], np.ones(20), 0.9)
