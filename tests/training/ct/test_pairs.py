"""Pairs to train on are drawn alike for a seed, the full dose inside the low one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from recon.training.ct import fit as fit_ct
from recon.training.ct.pairs import PatchSampler
from recon.training.trainer import trainer_of


def test_patches_hold_a_full_dose_image_inside_the_low_dose_one(work: Path) -> None:
    """Noise that is added is independent of what the target holds, and three times its variance."""
    recipe = trainer_of(work / "recipe.yaml")[1]
    sampler = fit_ct.prepare_data(recipe, [], work)
    sampler._noise_level = lambda: 20.0  # type: ignore[method-assign]
    sampler._structure = lambda size, weights: (torch.full((size, size), 50.0), 0.4)  # type: ignore[method-assign]
    patches = sampler.draw(64, {})
    own, added = patches.full - 50.0, patches.low - patches.full
    ratio = float(added.var() / own.var())
    assert 2.0 < ratio < 5.0
    assert abs(float((own * added).mean())) < 0.1 * float(own.std() * added.std())
    assert float((own + added).std()) == pytest.approx(20.0, rel=0.35)


def test_sampling_is_reproducible(work: Path) -> None:
    recipe = trainer_of(work / "recipe.yaml")[1]
    first, second = (fit_ct.prepare_data(recipe, [], work).draw(3, {}) for _ in range(2))
    assert torch.equal(first.low, second.low)
    assert isinstance(fit_ct.prepare_data(recipe, [], work), PatchSampler)
