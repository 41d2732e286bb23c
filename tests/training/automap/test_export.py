"""What is exported computes what was trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.automap import AcquiredToImage, Automap
from recon.physics.encoding import SIDE, encoding
from recon.training.automap import served
from recon.training.automap.export import export_automap
from recon.training.automap.initialise import eight_bits
from recon.training.automap.recipe import AutomapRecipe


@pytest.mark.long
def test_export_keeps_the_network(tmp_path) -> None:
    torch.manual_seed(1)
    scheme = encoding("spiral")
    rng = np.random.default_rng(1)
    size = (SIDE * SIDE, len(scheme.positions))
    matrix = ((rng.normal(size=size) + 1j * rng.normal(size=size)) * 0.03).astype(np.complex64)
    stored = eight_bits(matrix)
    layer = AcquiredToImage(*size)
    layer.get_buffer("weight").copy_(torch.from_numpy(stored.weight * stored.row[:, None]))
    layer.get_buffer("column").copy_(torch.from_numpy(stored.column))
    recipe = AutomapRecipe(encoding="spiral", first_rank=4, second_rank=4, channels=8, steps=1, sources=[])
    network = Automap(layer, size[1], SIDE, 4, 4, 8).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    export_automap(network, stored, 0.3, 1.2, recipe, tmp_path / "automap_spiral")
    back, scale = served.load_automap(recipe, tmp_path / "automap_spiral")
    samples = torch.randn(2, 2, size[1])
    with torch.inference_mode():
        wanted, found = network(samples), back(samples)
    torch.testing.assert_close(found, wanted, atol=5e-3, rtol=5e-3)
    assert scale == pytest.approx(0.3)
    # a byte a weight of the inverse, and little else
    assert (tmp_path / "automap_spiral" / "1" / "model.onnx").stat().st_size < 1.05 * stored.weight.size
