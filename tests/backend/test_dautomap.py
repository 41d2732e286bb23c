"""What Triton serves of the decomposed network is the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.backend import dautomap
from recon.networks.dautomap import Dautomap
from recon.physics.fourier import to_image, to_kspace
from recon.training.automap.export import export_dautomap
from recon.training.automap.recipe import DautomapRecipe
from tests.backend.learned import phantom


@pytest.mark.long
def test_dautomap_export_and_serving(tmp_path) -> None:
    torch.manual_seed(1)
    recipe = DautomapRecipe(channels=(8, 8, 8), steps=1, sources=[])
    network = Dautomap(recipe.side, recipe.channels, recipe.blocks).eval()
    folder = tmp_path / "dautomap"
    export_dautomap(network, 1.0, recipe, folder)
    model = dautomap.DautomapReconstruction(folder / "1")
    kspace = to_kspace(phantom(recipe.side))
    planes = model(kspace, kspace != 0)
    with torch.inference_mode():
        scale = np.sqrt(np.mean(np.abs(kspace) ** 2))
        unit = torch.from_numpy(np.stack([kspace.real, kspace.imag])[None] / scale)
        expected = network(unit).numpy()[0] * scale
    np.testing.assert_allclose(planes[:4], expected, atol=5e-3 * np.abs(expected).max())
    # untrained, it is the inverse DFT
    np.testing.assert_allclose(planes[0] + 1j * planes[1], to_image(kspace), atol=0.1)
