"""The last layer is solved for."""

from __future__ import annotations

import numpy as np
import torch

from recon.training.automap import fit, images, last_layer
from recon.training.automap.recipe import AutomapRecipe
from tests.training.automap.pictures import SOURCES


def test_last_layer_by_least_squares_denoises(data, tmp_path) -> None:
    recipe = AutomapRecipe(
        encoding="misaligned",
        channels=8,
        steps=1,
        batch=4,
        sources=SOURCES,
        photographs=0,
        least_decibel=20,
        most_decibel=20,
    )
    np.savez(tmp_path / "initial.npz", image_scale=1.0)
    network, scale = fit.build(recipe, tmp_path / "initial.npz")
    loss = fit.AutomapLoss(network, recipe, fit.Sampler(images.load(SOURCES, [data]), 0.0), scale)

    def error():
        samples, truth = loss.draw(3)
        with torch.inference_mode():
            out = network(samples)
        width = float((out[:, 2] + out[:, 3]).mean() / 2)
        return float((torch.complex(out[:, 0], out[:, 1]) - truth).abs().square().mean().sqrt()), width

    before = error()[0]
    last_layer.solve(network, loss.draw, 3, 400)
    after, width = error()
    # random features and no noise but one level: still a fair part of it goes
    assert after < 0.96 * before
    assert 0.5 < width / after < 3
