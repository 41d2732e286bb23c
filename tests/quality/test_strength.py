from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.quality.strength import LOWEST, at_strength, choose
from recon.quality.survival import Least, Lesion, Shares, pooled, survives
from recon.quality.verdict import Verdict

LESION = Lesion(6, 20, "HU")
LEAST = Least(LESION, 0.7)


def _shares(*values: float) -> Shares:
    return {LESION: np.array(values)}


def test_a_scan_that_keeps_enough_is_smoothed_in_full() -> None:
    assert choose(pooled([_shares(0.6, 0.75, 0.9)]), LEAST).strength == 1


def test_the_most_smoothing_at_which_the_lesion_keeps_its_share() -> None:
    shares = _shares(0.3, 0.48, 0.6)
    chosen = choose(pooled([shares]), LEAST)
    assert chosen.strength == 0.57  # (1 - 0.7) / (1 - 0.48)
    assert "at full strength a 6 mm lesion of 20 HU keeps 48 % of its contrast, 70 % is asked" in chosen.reason
    assert chosen.full is not None
    assert chosen.to_json()["at_full_strength"]["places"] == 3
    assert survives(pooled([at_strength(shares, chosen.strength)]), LEAST).outcome is Verdict.PASS
    assert survives(pooled([at_strength(shares, chosen.strength + 0.02)]), LEAST).outcome is Verdict.REVIEW


@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=30), st.floats(0.1, 1.0), st.floats(0.3, 1.0))
def test_what_is_chosen_passes_unless_no_strength_does(values: list[float], kept: float, rest: float) -> None:
    least, shares = Least(LESION, kept), _shares(*values)
    chosen = choose(pooled([shares]), least, rest)

    def held(strength: float) -> bool:
        found = pooled([at_strength(shares, strength, lambda _: rest)])
        return survives(found, least).outcome is Verdict.PASS

    assert LOWEST <= chosen.strength <= 1
    if not held(chosen.strength):
        assert "not even" in chosen.reason or "no more" in chosen.reason
        assert not any(held(strength) for strength in np.linspace(LOWEST, 1, 10))


def test_where_not_even_a_little_suffices_that_is_said_and_no_pass() -> None:
    shares, least = _shares(0.1, 0.1, 0.1), Least(LESION, 0.95)
    chosen = choose(pooled([shares]), least)
    assert chosen.strength == LOWEST
    assert "not even strength 0.1 suffices, which keeps 91 %" in chosen.reason
    assert survives(pooled([at_strength(shares, LOWEST)]), least).outcome is Verdict.REVIEW


def test_without_a_place_it_is_what_can_do_no_harm() -> None:
    chosen = choose([], LEAST)
    assert chosen.strength == pytest.approx(0.3)
    assert chosen.full is None
    assert chosen.to_json()["at_full_strength"] is None
