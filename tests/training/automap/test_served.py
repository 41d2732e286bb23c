"""What Triton serves is the trained network, of the encoding that it says, and better than what it replaces."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from recon.backend.automap import AutomapReconstruction
from recon.training.automap import served
from recon.training.automap.recipe import AutomapRecipe
from recon.training.recipe import read
from tests.backend.learned import MODELS, REPOSITORY, SHIPPED, parameters_of


@pytest.mark.parametrize("name", SHIPPED)
def test_served_is_the_network(name) -> None:
    folder = REPOSITORY / f"automap_{name}"
    recipe = read(MODELS / f"automap_{name}" / "recipe.yaml", AutomapRecipe)
    network, scale = served.load_automap(recipe, folder)
    model = AutomapReconstruction(folder / "1")
    samples = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 2, len(model.measured))).astype(np.float32))
    with torch.inference_mode():
        expected = network(samples).numpy()
    np.testing.assert_allclose(
        [model.raw_output(samples[0, 0].numpy() + 1j * samples[0, 1].numpy())],
        expected,
        atol=2e-3 * np.abs(expected).max(),
    )
    assert scale == pytest.approx(model.image_scale)


@pytest.mark.parametrize("name", [*(f"automap_{n}" for n in SHIPPED), "dautomap"])
def test_configuration_names_its_files(name) -> None:
    folder = REPOSITORY / name
    if not (folder / "config.pbtxt").exists():
        pytest.skip("not exported yet")
    parameters = parameters_of(folder)
    files = [folder / "1" / file for file in parameters["files.1"].split(",")]
    assert hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() == parameters["sha256.1"]
    assert parameters["task"] == "mr"
