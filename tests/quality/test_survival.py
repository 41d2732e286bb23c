from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recon.quality.survival import Least, Lesion, pooled, survives, weakest
from recon.quality.verdict import Verdict

SMALL, LARGE = Lesion(3, 20, "HU"), Lesion(6, 20, "HU")


def test_places_of_all_slices_are_taken_together() -> None:
    found = pooled([{SMALL: np.array([0.2, 0.4])}, {SMALL: np.array([0.6, 0.8]), LARGE: np.array([0.9])}])
    assert [(one.lesion, one.places) for one in found] == [(SMALL, 4), (LARGE, 1)]
    assert found[0].median == pytest.approx(0.5)
    assert found[0].p10 == pytest.approx(np.percentile([0.2, 0.4, 0.6, 0.8], 10))


def test_it_says_what_a_lesion_would_show() -> None:
    (found,) = pooled([{SMALL: np.array([0.35, 0.35, 0.48, 0.48, 0.48, 0.68, 0.68])}])
    assert str(found) == "here a 3 mm lesion of 20 HU would show 48 % of its contrast, 35 to 68"
    assert str(replace(found, lesion=replace(found.lesion, size_mm=8))).startswith("here an 8 mm lesion")
    assert found.to_json()["kept"]["median"] == 0.48


def test_a_lesion_that_fades_is_no_pass_and_the_sentence_is_said() -> None:
    found = pooled([{LARGE: np.full(9, 0.5)}])
    check = survives(found, Least(LARGE, 0.7))
    assert check.outcome is Verdict.REVIEW
    assert "6 mm lesion of 20 HU would show 50 %" in check.message
    assert survives(found, Least(LARGE, 0.4)).outcome is Verdict.PASS


def test_of_few_places_the_worst_counts() -> None:
    """A small matrix has no more."""
    for shares, outcome in (((0.9, 0.95), Verdict.PASS), ((0.5, 1.0), Verdict.REVIEW), ((0.68, 0.9), Verdict.REVIEW)):
        assert survives(pooled([{LARGE: np.array(shares)}]), Least(LARGE, 0.7)).outcome is outcome


@pytest.mark.parametrize("shares", [{}, {SMALL: np.full(9, 1.0)}])
def test_what_was_not_measured_is_no_pass(shares: dict[Lesion, np.ndarray]) -> None:
    assert survives(pooled([shares]), Least(LARGE, 0.7)).outcome is Verdict.REVIEW


def test_the_weakest_is_the_one_of_which_least_is_left() -> None:
    found = pooled([{LARGE: np.full(3, 0.9), SMALL: np.full(3, 0.4)}])
    assert weakest(found) == found[1]
    assert weakest([]) is None
