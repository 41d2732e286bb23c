"""The unrolled network's checkpoint as the ONNX files and the configuration that Triton serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor

from recon.backend.build import write_version
from recon.backend.configuration import FILE, Entry, ModelConfig
from recon.networks.mr_unrolled import CONDITIONS, MEMORY, STRIDE, UnrolledNetwork
from recon.training.export import halve_weights
from recon.training.mr.recipe import MrRecipe

CONFIG = ModelConfig(
    "mr",
    "MR reconstruction from 1 to 32 coils, unrolled network with a 90 % interval",
    "mr_unrolled",
    [Entry("kspace", (1, -1, -1, -1, 2)), Entry("counts", (-1, -1), "UINT16", optional=True)],
    [Entry("image_interval_residual", (1, 5, -1, -1))],
    is_default=True,
    extra={
        "takes": "kspace,counts",
        "preference": "3",
        "chosen_for": "undersampled as the network was trained for, with a fully sampled centre to calibrate coils",
        "domain_trajectories": "cartesian",
        "domain_coils": "1,32",
        "domain_matrix": "48,512",
        "domain_acceleration": "1,8.8",
        "domain_centred": "12",
        "domain_anatomy": "head",
    },
)
_WARM_SHAPE = "8,256,256"


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
    network = UnrolledNetwork(recipe.channels, recipe.blocks, recipe.cascades, recipe.repeats)
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
    return configure(weights, factor, folder)


def configure(weights: list[Path], factor: float, folder: Path, conformal_table: str = "") -> ExportedMr:
    """Write ``config.pbtxt`` and the code for weights that are there."""
    sha256 = write_version(folder, "1", CONFIG, [path.name for path in weights], factor, _WARM_SHAPE, conformal_table)
    return ExportedMr(tuple(weights), folder / FILE, sha256)
