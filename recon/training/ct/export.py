"""The CT denoiser's weights as ONNX."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor

from recon.networks.ct_denoiser import CtDenoiser
from recon.training.export import halve_weights
from recon.training.model_config import Entry, ModelConfig
from recon.training.recipe import CtRecipe

WARM_SHAPE = "1,1,512,512"


def config_of(recipe: CtRecipe) -> ModelConfig:
    """What Triton and the gateway are told about a network of this recipe."""
    inputs, outputs = [Entry("hu", (-1, 1, -1, -1))], [Entry("noise_and_interval", (-1, 3, -1, -1))]
    return ModelConfig("ct", recipe.description, inputs, outputs, recipe.is_default)


def write_onnx(average: dict[str, Tensor], recipe: CtRecipe, path: Path) -> None:
    """Write the network for any batch and any size that is a multiple of 16.

    Parameters
    ----------
    average
        Weights to ship.
    recipe
        That they were trained with.
    path
        Of the file.
    """
    network = CtDenoiser(recipe.channels, recipe.blocks)
    network.load_state_dict(average)
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    batch, rows, columns = (torch.export.Dim(n) for n in ("batch", "rows16", "columns16"))
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 1, 96, 128),),
        input_names=["hu"],
        output_names=["noise_and_interval"],
        dynamic_shapes=({0: batch, 2: 16 * rows, 3: 16 * columns},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    onnx.save(halve_weights(program.model_proto), path)
