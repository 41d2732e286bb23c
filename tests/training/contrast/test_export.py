"""What is served computes what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from recon.backend.build import write_version
from recon.networks.contrast_enhancer import CHANNELS, ContrastEnhancer
from recon.tasks.contrast import features
from recon.training.contrast.export import CONFIG, WARM_SHAPE, write_onnx
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.export import read_weights

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def network() -> ContrastEnhancer:
    torch.manual_seed(3)
    made = ContrastEnhancer((8, 16, 16), (1, 1, 1))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made.eval()


def test_onnx_gives_what_torch_gives(network: ContrastEnhancer, tmp_path: Path) -> None:
    recipe = ContrastRecipe(channels=(8, 16, 16), blocks=(1, 1, 1), steps=1, sources=[])
    weights = tmp_path / "contrast_enhance" / "1" / "model.onnx"
    write_onnx(network.state_dict(), recipe, weights)
    halved = read_weights(weights)
    assert set(halved) == set(network.state_dict())
    same = ContrastEnhancer((8, 16, 16), (1, 1, 1))
    same.load_state_dict(halved)
    features, conditions = torch.randn(1, CHANNELS, 64, 40), torch.randn(1, 2)
    with torch.no_grad():
        wanted = same.eval()(features, conditions).numpy()
    inputs = {"features": features.numpy(), "conditions": conditions.numpy()}
    (found,) = onnxruntime.InferenceSession(str(weights)).run(None, inputs)
    np.testing.assert_allclose(found, wanted, atol=2e-4 * float(np.abs(wanted).max()))
    import openvino

    model = openvino.Core().read_model(weights)
    model.reshape({name: list(array.shape) for name, array in inputs.items()})
    served = openvino.Core().compile_model(model, "CPU")(inputs)[0]
    np.testing.assert_allclose(served, wanted, atol=2e-2 * float(np.abs(wanted).max()))
    write_version(tmp_path / "contrast_enhance", "1", CONFIG, ["model.onnx"], 1.25, WARM_SHAPE)
    written = (tmp_path / "contrast_enhance" / "config.pbtxt").read_text()
    assert 'key: "conformal_factor.1" value: { string_value: "1.2500" }' in written
    assert "features:1,15,192,160;conditions:1,2" in written


def test_network_and_task_agree_on_the_channels() -> None:
    assert CHANNELS == features.CHANNELS
