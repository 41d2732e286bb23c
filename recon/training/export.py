"""From a checkpoint to the files that Triton serves: ONNX weights and a model configuration."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from recon.networks.ct_denoiser import CtDenoiser
from recon.training.recipe import CtRecipe

_CONFIG = """\
# Written by `recon export`; do not edit.
name: "{name}"
backend: "python"
max_batch_size: 0
input [ {{ name: "hu" data_type: TYPE_FP32 dims: [ -1, 1, -1, -1 ] }} ]
output [ {{ name: "noise_and_interval" data_type: TYPE_FP32 dims: [ -1, 3, -1, -1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
parameters [
  {{ key: "task" value: {{ string_value: "ct" }} }},
  {{ key: "description" value: {{ string_value: "{description}" }} }},
  {{ key: "sha256" value: {{ string_value: "{sha256}" }} }},
  {{ key: "conformal_factor" value: {{ string_value: "{factor:.4f}" }} }},
  {{ key: "warm_shape" value: {{ string_value: "1,1,512,512" }} }}
]
"""


@dataclass(frozen=True)
class Exported:
    """What was written, and its SHA-256."""

    weights: Path
    config: Path
    sha256: str


def export_ct(average: dict[str, Tensor], recipe: CtRecipe, factor: float, folder: Path) -> Exported:
    """Write ``<folder>/1/model.onnx`` and ``<folder>/config.pbtxt``.

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
    network = CtDenoiser(recipe.channels, recipe.blocks)
    network.load_state_dict(average)
    network.eval()
    weights = folder / "1" / "model.onnx"
    weights.parent.mkdir(parents=True, exist_ok=True)
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
    onnx.save(halve_weights(program.model_proto), weights)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    config = folder / "config.pbtxt"
    config.write_text(
        _CONFIG.format(
            name=folder.name,
            description="Low-dose CT denoising, residual U-Net with a 90 % interval",
            sha256=sha256,
            factor=factor,
        )
    )
    return Exported(weights, config, sha256)


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store float32 weights as float16 under their own names, widened again where they are used."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims, dtype=int) < 1024:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name)
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        wide = f"{tensor.name}.float32"
        for node in graph.node:
            for index, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[index] = wide
        casts.append(helper.make_node("Cast", [tensor.name], [wide], to=TensorProto.FLOAT))
        for info in list(graph.value_info):
            if info.name == tensor.name:
                graph.value_info.remove(info)
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights of a served file by parameter name, to go on training from it."""
    model = onnx.load(path)
    return {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in model.graph.initializer
        if tensor.name.endswith((".weight", ".bias"))
    }
