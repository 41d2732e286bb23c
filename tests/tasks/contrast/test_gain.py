"""Gain and slow bias between scans, with much enhancing."""

from __future__ import annotations

import numpy as np
import pytest

from recon.arrays import Array
from recon.tasks.contrast.coarse import shrink
from recon.tasks.contrast.gain import Gain, darkest_cluster, match_gain
from tests.tasks.contrast.phantom import SHAPE, scans, uptake


def _matched(pre: Array, low: Array) -> Gain:
    steps = (2, 2, 2)
    return match_gain(pre, low, steps, (shrink(pre, steps), shrink(low, steps)))


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.07])
@pytest.mark.parametrize("noise", [0.01, 0.02])
def test_gain_within_a_fifth_of_a_percent_with_a_fifth_of_the_head_enhancing(gain: float, noise: float) -> None:
    added = uptake(share=0.2)
    pre, low = scans(added, gain=gain, noise=noise)
    found = _matched(pre.values, low.values)
    assert found.gain / gain == pytest.approx(1.0, abs=0.002)
    assert not found.has_bias


def test_slow_bias_is_found_where_tissue_got_darker() -> None:
    pre, low = scans(uptake(share=0.1))
    _, _, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in SHAPE)
    z = np.linspace(-1, 1, SHAPE[0], dtype=np.float32)[:, None, None]
    true = np.exp(0.04 * x + 0.02 * z * z)
    biased = low.values * true
    found = _matched(pre.values, biased)
    assert found.has_bias
    found.correct(biased, 0, SHAPE)
    inside = low.values > 150
    ratio = (biased / np.maximum(low.values, 1))[inside]
    assert ratio.mean() == pytest.approx(1.0, abs=0.003)
    assert ratio.std() < 0.003


def test_slabs_are_corrected_as_the_whole_is() -> None:
    pre, low = scans(uptake())
    biased = low.values * np.exp(np.linspace(-0.05, 0.05, SHAPE[2], dtype=np.float32))
    found = _matched(pre.values, biased)
    whole, parts = biased.copy(), biased.copy()
    found.correct(whole, 0, SHAPE)
    for start in range(0, SHAPE[0], 10):
        found.correct(parts[start : start + 10], start, SHAPE)
    np.testing.assert_allclose(parts, whole, rtol=1e-6)


def test_the_darkest_cluster_is_the_peak_not_the_mean() -> None:
    rng = np.random.default_rng(0)
    quiet, bright = rng.normal(0.01, 0.002, 8000), 0.01 + rng.exponential(0.05, 4000)
    centre, width = darkest_cluster(np.concatenate([quiet, bright]))
    assert centre == pytest.approx(0.01, abs=0.0008)
    assert width == pytest.approx(0.002, rel=0.5)


def test_nothing_to_see_leaves_everything_as_it_is() -> None:
    empty = np.zeros((8, 32, 32), np.float32)
    assert _matched(empty, empty).gain == 1.0
