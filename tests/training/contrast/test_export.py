"""What is served computes what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from recon.networks.contrast_enhancer import CHANNELS, ContrastEnhancer
from recon.tasks import contrast_features
from recon.training.contrast.export import export_contrast
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.export import read_weights


@pytest.fixture(scope="module")
def network() -> ContrastEnhancer:
    torch.manual_seed(3)
    made = ContrastEnhancer((8, 16, 16), (1, 1, 1))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made.eval()


def test_onnx_gives_what_torch_gives(network: ContrastEnhancer, tmp_path: Path) -> None:
    recipe = ContrastRecipe(channels=(8, 16, 16), blocks=(1, 1, 1), steps=1, sources=[])
    made = export_contrast(network.state_dict(), recipe, 1.25, tmp_path / "contrast_enhance")
    halved = read_weights(made.weights)
    assert set(halved) == set(network.state_dict())
    same = ContrastEnhancer((8, 16, 16), (1, 1, 1))
    same.load_state_dict(halved)
    features, conditions = torch.randn(1, CHANNELS, 64, 40), torch.randn(1, 2)
    with torch.no_grad():
        wanted = same.eval()(features, conditions).numpy()
    inputs = {"features": features.numpy(), "conditions": conditions.numpy()}
    (found,) = onnxruntime.InferenceSession(str(made.weights)).run(None, inputs)
    np.testing.assert_allclose(found, wanted, atol=2e-4 * float(np.abs(wanted).max()))
    import openvino

    model = openvino.Core().read_model(made.weights)
    model.reshape({name: list(array.shape) for name, array in inputs.items()})
    served = openvino.Core().compile_model(model, "CPU")(inputs)[0]
    np.testing.assert_allclose(served, wanted, atol=2e-2 * float(np.abs(wanted).max()))
    assert "conformal_factor.1" in made.config.read_text()
    assert "1.2500" in made.config.read_text()


def test_network_and_task_agree_on_the_channels() -> None:
    assert CHANNELS == contrast_features.CHANNELS
