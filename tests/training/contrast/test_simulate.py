"""Simulated pairs say what they were told to, and the sampler repeats itself."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.contrast import enhancement as paint
from recon.training.contrast.anatomy import HeadVolume, common_ratio, matched_enhancement, matching_of, scene_of
from recon.training.contrast.metrics import contrast_recovery, false_enhancement, lesion_mask, lesion_volume_ratio, psnr
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.sampler import VolumeSampler
from recon.training.contrast.simulate import PairErrors, simulate_pair
from tests.tasks.contrast.phantom import SHAPE, ball, head, uptake


def _head(full: np.ndarray | None = None) -> HeadVolume:
    clean = head()
    return HeadVolume("phantom", clean, full, clean > 0, "anatomy" if full is None else "pair")


def test_without_errors_a_tenth_of_the_dose_gives_a_tenth_of_the_enhancement() -> None:
    errors = PairErrors(gain=1.1, bias=0.02, shift=(0.1, 0, 0), shading=0.1).without(
        "noise_pre", "noise_low", "gain", "bias", "shift", "shading"
    )
    pair = simulate_pair(head(), uptake(), 0.1, errors, np.random.default_rng(0))
    np.testing.assert_allclose(pair.low - pair.pre, 0.1 * uptake(), atol=1e-6)
    np.testing.assert_allclose(pair.full, head() + uptake(), atol=1e-6)


@pytest.mark.parametrize("name", ["gain", "bias", "shift", "noise_low"])
def test_each_error_does_something_alone(name: str) -> None:
    value = {"gain": 1.05, "bias": 0.02, "shift": (0.0, 0.3, 0.0), "noise_low": 0.01}[name]
    errors = PairErrors(**{"noise_pre": 0.0, "noise_low": 0.0, name: value})
    pair = simulate_pair(head(), 0 * uptake(), 0.1, errors, np.random.default_rng(0))
    assert np.abs(pair.low - pair.pre)[head() > 0].mean() > 1e-3


def test_noise_has_the_level_that_was_asked_for() -> None:
    pair = simulate_pair(head(), uptake(), 0.1, PairErrors(0.02, 0.02), np.random.default_rng(0))
    inside = ball(SHAPE, tuple((s - 1) / 2 for s in SHAPE), tuple(0.3 * s for s in SHAPE)) < 1
    assert (pair.pre - pair.clean)[inside].std() == pytest.approx(0.02, rel=0.05)


def test_the_ratio_of_tissue_without_uptake_is_found_beside_uptake() -> None:
    assert common_ratio(_head(1.25 * (head() + uptake()))) == pytest.approx(1 / 1.25, rel=0.03)


def test_matched_enhancement_is_what_was_added() -> None:
    found = matched_enhancement(_head(head() + uptake()), "equal", signed=False)
    inside = head() > 0.1
    np.testing.assert_allclose(found[inside], uptake()[inside], atol=1e-5)
    assert matched_enhancement(_head(head() - 0.1), "equal", signed=False).max() == 0


def test_a_scene_is_in_the_scale_of_its_scan() -> None:
    clean, change, scale = scene_of(
        500 * head(), 700 * (head() + uptake()), matching_of("equal"), np.random.default_rng(0)
    )
    assert clean.max() < 2
    assert 300 < scale < 800
    assert change.min() >= 0


def test_painted_uptake_stays_in_the_head_and_erased_uptake_is_gone() -> None:
    rng, mask = np.random.default_rng(4), head() > 0
    anatomy, added = head(), np.zeros(SHAPE, np.float32)
    paint.lesions(anatomy, added, mask, 4, rng)
    assert added.max() > 0.05
    assert added[~mask].max() == 0
    assert paint.vessels(SHAPE, mask, rng).max() > 0.1
    before = added.sum()
    for _ in range(40):
        paint.erase(added, mask, 3, rng)
    assert added.sum() < 0.1 * before


def test_the_same_step_draws_the_same_patches() -> None:
    recipe = ContrastRecipe(steps=1, batch=2, patch=48, pool=1, steps_per_volume=1, slab=32, sources=[])
    one, other = (VolumeSampler([(_head(), 1.0)], recipe).draw(3) for _ in range(2))
    for name, tensor in vars(one).items():
        assert bool((tensor == vars(other)[name]).all())
        assert bool(tensor.isfinite().all())
    assert one.features.shape == (2, 15, 48, 48)


def test_figures_of_a_perfect_and_of_an_empty_answer() -> None:
    truth, mask = uptake(), head() > 0
    lesion = lesion_mask(truth, mask)
    assert lesion[27, 61, 51]
    assert psnr(truth, truth) > 100
    assert lesion_volume_ratio(truth, truth, lesion) == pytest.approx(1.0)
    assert contrast_recovery(0.5 * truth, truth, lesion) == pytest.approx(0.5)
    assert false_enhancement(truth, truth, mask) < 0.002
    assert false_enhancement(truth + 0.3, truth, mask) > 0.5
