"""The unrolled network's checkpoint as the ONNX files and the configuration that Triton serves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor

from recon.networks.mr_unrolled import CONDITIONS, MEMORY, STRIDE, Unrolled
from recon.training.export import halve_weights
from recon.training.mr.recipe import MrRecipe

_CONFIG = """\
# Written by `recon export`; do not edit.
name: "{name}"
backend: "python"
max_batch_size: 0
input [ {{ name: "kspace" data_type: TYPE_FP32 dims: [ 1, -1, -1, -1, 2 ] }} ]
output [ {{ name: "image_interval_residual" data_type: TYPE_FP32 dims: [ 1, 5, -1, -1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
parameters [
  {{ key: "task" value: {{ string_value: "mr" }} }},
  {{ key: "description" value: {{ string_value: "{description}" }} }},
  {{ key: "default" value: {{ string_value: "yes" }} }},
  {{ key: "files.1" value: {{ string_value: "{files}" }} }},
  {{ key: "sha256.1" value: {{ string_value: "{sha256}" }} }},
  {{ key: "conformal_factor.1" value: {{ string_value: "{factor:.4f}" }} }},
  {{ key: "warm_shape" value: {{ string_value: "8,256,256" }} }}
]
"""
_DESCRIPTION = "MR reconstruction from 1 to 32 coils, unrolled network with a 90 % interval"


@dataclass(frozen=True)
class ExportedMr:
    """What was written, and the SHA-256 over the weights' bytes in order."""

    weights: tuple[Path, ...]
    config: Path
    sha256: str


def export_mr(average: dict[str, Tensor], recipe: MrRecipe, factor: float, folder: Path) -> ExportedMr:
    """Write ``1/cascade1.onnx`` and its successors, and ``config.pbtxt``, into a model's folder.

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
    network = Unrolled(recipe.channels, recipe.blocks, recipe.cascades, recipe.repeats)
    network.load_state_dict(average)
    network.eval()
    (folder / "1").mkdir(parents=True, exist_ok=True)
    rows, columns = (torch.export.Dim(name, min=2) for name in ("rows8", "columns8"))
    plane = {2: STRIDE * rows, 3: STRIDE * columns}
    shown = (torch.zeros(1, 4, 96, 128), torch.zeros(1, MEMORY, 96, 128), torch.zeros(1, CONDITIONS))
    weights = []
    for number, cascade in enumerate(network.cascades, 1):
        program = torch.onnx.export(
            cascade,
            shown,
            input_names=["planes", "memory", "conditions"],
            output_names=["update", "widths", "memory_out", "weight"],
            dynamic_shapes=(plane, plane, None),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
        assert program is not None
        path = folder / "1" / f"cascade{number}.onnx"
        onnx.save(halve_weights(program.model_proto), path)
        weights.append(path)
    return write_config(weights, factor, folder)


def write_config(weights: list[Path], factor: float, folder: Path) -> ExportedMr:
    """Write ``config.pbtxt`` for weights that are there."""
    sha256 = hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()
    config = folder / "config.pbtxt"
    files = ",".join(path.name for path in weights)
    text = _CONFIG.format(name=folder.name, description=_DESCRIPTION, files=files, sha256=sha256, factor=factor)
    config.write_text(text)
    return ExportedMr(tuple(weights), config, sha256)
