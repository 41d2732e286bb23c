"""Pictures are read, a training runs and resumes, a card takes its figures."""

from __future__ import annotations

import numpy as np
import torch

from recon.training import checkpoint
from recon.training.automap import fit, images
from recon.training.automap.recipe import AutomapRecipe
from tests.training.automap.pictures import SOURCES


def test_training_runs_and_resumes(data, tmp_path) -> None:
    recipe = AutomapRecipe(
        encoding="misaligned", channels=4, first_rank=2, second_rank=2, steps=2, batch=2, sources=SOURCES
    )
    path = fit.train(recipe, [data], tmp_path / "work", None)
    first = checkpoint.load_average(path)
    longer = recipe.model_copy(update={"steps": 3})
    second = checkpoint.load_average(fit.train(longer, [data], tmp_path / "work", None))
    assert set(first) == set(second)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_learned_step_lowers_the_loss(data, tmp_path) -> None:
    torch.manual_seed(0)
    recipe = AutomapRecipe(encoding="misaligned", channels=8, steps=1, batch=4, sources=SOURCES, photographs=0)
    sampler = fit.Sampler(images.load(SOURCES, [data]), 0.0)
    np.savez(tmp_path / "initial.npz", image_scale=1.0)
    network, scale = fit.build(recipe, tmp_path / "initial.npz")
    loss = fit.AutomapLoss(network, recipe, sampler, scale)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-4)
    before = float(loss(7).detach())
    for _ in range(25):
        optimizer.zero_grad()
        value = loss(7)
        value.backward()
        optimizer.step()
    assert float(loss(7).detach()) < before
