"""The contrast network's weights as ONNX."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor

from recon.backend.configuration import Entry, ModelConfig
from recon.networks.contrast_enhancer import CHANNELS, STRIDE, ContrastEnhancer
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.export import halve_weights

CONFIG = ModelConfig(
    "contrast",
    "Full-dose contrast from a reduced dose, residual U-Net with a 90 % interval",
    "network",
    [Entry("features", (-1, CHANNELS, -1, -1)), Entry("conditions", (-1, 2))],
    [Entry("enhancement_and_interval", (-1, 3, -1, -1))],
    is_default=True,
)
WARM_SHAPE = f"features:1,{CHANNELS},192,160;conditions:1,2"
_OPSET = 18  # what OpenVINO is checked against torch at


def write_onnx(average: dict[str, Tensor], recipe: ContrastRecipe, path: Path) -> None:
    """Write the network for any batch and any size that is a multiple of 8.

    Parameters
    ----------
    average
        Weights to ship.
    recipe
        That they were trained with.
    path
        Of the file.
    """
    network = ContrastEnhancer(recipe.channels, recipe.blocks)
    network.load_state_dict(average)
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    batch, rows, columns = (torch.export.Dim(name) for name in ("batch", "rows8", "columns8"))
    program = torch.onnx.export(
        network,
        (torch.zeros(2, CHANNELS, 96, 128), torch.zeros(2, 2)),
        input_names=["features", "conditions"],
        output_names=["enhancement_and_interval"],
        dynamic_shapes=({0: batch, 2: STRIDE * rows, 3: STRIDE * columns}, {0: batch}),
        opset_version=_OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    onnx.save(halve_weights(program.model_proto), path)
