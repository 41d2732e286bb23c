"""From a checkpoint to the files that Triton serves: ONNX weights and a model configuration."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor

from recon.networks.contrast_enhancer import CHANNELS, STRIDE, ContrastEnhancer
from recon.training.contrast.recipe import ContrastRecipe
from recon.training.export import halve_weights

#: The file that runs inside Triton, the same for every network.
BACKEND = Path(__file__).parents[2] / "backend" / "model.py"
OPSET = 18  # OpenVINO is checked against torch at this one
_CONFIG = """\
# Written by `recon export`; do not edit.
name: "{name}"
backend: "python"
max_batch_size: 0
input [
  {{ name: "features" data_type: TYPE_FP32 dims: [ -1, {channels}, -1, -1 ] }},
  {{ name: "conditions" data_type: TYPE_FP32 dims: [ -1, 2 ] }}
]
output [ {{ name: "enhancement_and_interval" data_type: TYPE_FP32 dims: [ -1, 3, -1, -1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
parameters [
  {{ key: "task" value: {{ string_value: "contrast" }} }},
  {{ key: "description" value: {{ string_value: "{description}" }} }},
  {{ key: "default" value: {{ string_value: "yes" }} }},
  {{ key: "files.1" value: {{ string_value: "model.onnx" }} }},
  {{ key: "sha256.1" value: {{ string_value: "{sha256}" }} }},
  {{ key: "conformal_factor.1" value: {{ string_value: "{factor:.4f}" }} }},
  {{ key: "warm_shape" value: {{ string_value: "features:1,{channels},192,160;conditions:1,2" }} }}
]
"""


@dataclass(frozen=True)
class Exported:
    """What was written, and its SHA-256."""

    weights: Path
    config: Path
    sha256: str


def export_contrast(average: dict[str, Tensor], recipe: ContrastRecipe, factor: float, folder: Path) -> Exported:
    """Write ``<folder>/1/{model.onnx,model.py}`` and ``<folder>/config.pbtxt``.

    Parameters
    ----------
    average
        Weights to ship.
    recipe
        That they were trained with.
    factor
        Conformal factor of the interval.
    folder
        The model's folder in the repository.
    """
    network = ContrastEnhancer(recipe.channels, recipe.blocks)
    network.load_state_dict(average)
    weights = folder / "1" / "model.onnx"
    weights.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(network), weights)
    shutil.copyfile(BACKEND, weights.with_name("model.py"))
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    config = folder / "config.pbtxt"
    config.write_text(
        _CONFIG.format(
            name=folder.name,
            channels=CHANNELS,
            description="Full-dose contrast from a reduced dose, residual U-Net with a 90 % interval",
            sha256=sha256,
            factor=factor,
        )
    )
    return Exported(weights, config, sha256)


def to_onnx(network: ContrastEnhancer) -> onnx.ModelProto:
    """The network as ONNX with dynamic shapes, parameter names kept, large weights in half precision."""
    network.eval()
    batch, rows, columns = (torch.export.Dim(name) for name in ("batch", "rows8", "columns8"))
    program = torch.onnx.export(
        network,
        (torch.zeros(2, CHANNELS, 96, 128), torch.zeros(2, 2)),
        input_names=["features", "conditions"],
        output_names=["enhancement_and_interval"],
        dynamic_shapes=({0: batch, 2: STRIDE * rows, 3: STRIDE * columns}, {0: batch}),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return halve_weights(program.model_proto)
