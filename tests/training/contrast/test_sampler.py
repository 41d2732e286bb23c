"""Patches to train on are the same for a step."""

from __future__ import annotations

from recon.training.contrast.recipe import ContrastRecipe
from recon.training.contrast.sampler import VolumeSampler
from tests.training.contrast.heads import head_volume


def test_the_same_step_draws_the_same_patches() -> None:
    recipe = ContrastRecipe(steps=1, batch=2, patch=48, pool=1, steps_per_volume=1, slab=32, sources=[])
    one, other = (VolumeSampler([(head_volume(), 1.0)], recipe).draw(3) for _ in range(2))
    for name, tensor in vars(one).items():
        assert bool((tensor == vars(other)[name]).all())
        assert bool(tensor.isfinite().all())
    assert one.features.shape == (2, 15, 48, 48)
