"""Effects, intervals and false alarms of the comparison."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from recon.bench.statistics import holm, paired, signed_rank_cut, unpaired


def test_a_known_effect_is_found_within_its_interval() -> None:
    rng = np.random.default_rng(0)
    drift = np.exp(rng.normal(0, 0.3, 20))
    a, b = 100 * drift * np.exp(rng.normal(0, 0.02, 20)), 110 * drift * np.exp(rng.normal(0, 0.02, 20))
    side_by_side = paired(a.tolist(), b.tolist())
    assert side_by_side.low < 1.1 < side_by_side.high
    assert side_by_side.p_value < 0.001
    # the machine's drift hides it from a comparison that does not know which blocks belong together
    assert unpaired(a.tolist(), b.tolist()).smallest > 1.2 > side_by_side.smallest


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = {paired: 0, unpaired: 0}
    for _ in range(300):
        a, b = np.exp(rng.normal(0, 0.1, 12)), 1.05 * np.exp(rng.normal(0, 0.1, 12))
        for test in covered:
            effect = test(a.tolist(), b.tolist())
            covered[test] += effect.low <= 1.05 <= effect.high
    assert all(count >= 270 for count in covered.values())  # 285 expected, 4 standard deviations


def test_the_smallest_effect_is_what_is_seen_four_times_out_of_five() -> None:
    rng = np.random.default_rng(2)
    smallest = float(np.median([paired(*_blocks(rng, 1.0)).smallest for _ in range(50)]))
    seen = np.mean([paired(*_blocks(rng, smallest)).p_value < 0.05 for _ in range(300)])
    assert 0.65 < seen < 0.95


def _blocks(rng: np.random.Generator, ratio: float) -> tuple[list[float], list[float]]:
    return np.exp(rng.normal(0, 0.05, 12)).tolist(), (ratio * np.exp(rng.normal(0, 0.05, 12))).tolist()


def test_the_cut_of_the_signed_rank_agrees_with_scipy() -> None:
    cut = signed_rank_cut(12)
    for negative, rejects in (({12, cut - 12}, True), ({12, cut - 11}, False)):
        values = [-float(rank) if rank in negative else float(rank) for rank in range(1, 13)]
        assert (wilcoxon(values).pvalue <= 0.05) == rejects


def test_few_blocks_show_nothing() -> None:
    with pytest.raises(ValueError, match="at least 6"):
        paired([1.0] * 5, [2.0] * 5)


def test_equal_blocks_do_not_differ() -> None:
    same = [1.0, 1.1, 0.9, 1.2, 1.0, 0.8]
    assert paired(same, same).p_value == 1.0


def test_holm_rejects_in_order() -> None:
    assert holm([0.04, 0.001, 0.03]) == [False, True, False]
    assert holm([0.01, 0.001, 0.03]) == [True, True, True]
