"""The decomposed network trains on lines of k-space."""

from __future__ import annotations

import numpy as np

from recon.training import checkpoint
from recon.training.automap import fit_dautomap
from recon.training.automap.recipe import DautomapRecipe
from tests.training.automap.pictures import SOURCES


def test_dautomap_lines_and_training(data, tmp_path) -> None:
    recipe = DautomapRecipe(side=64, crop=32, channels=(4, 4, 4), steps=1, batch=2, sources=SOURCES)
    masks = [fit_dautomap.lines(DautomapRecipe(steps=1, sources=[]), np.random.default_rng(n)) for n in range(30)]
    assert all(mask[128 - 8 : 128 + 8].all() for mask in masks)
    assert 1.5 < np.mean([len(mask) / mask.sum() for mask in masks]) < 4.5
    path = fit_dautomap.train(recipe, [data], tmp_path / "work", None)
    assert "along_readout.real" in checkpoint.load_average(path)
