"""A recipe that trains in seconds, and its network in a file."""

from __future__ import annotations

from pathlib import Path

import torch

from recon.networks.ct_denoiser import CtDenoiser
from recon.training.ct.export import write_onnx
from recon.training.recipe import CtRecipe

TINY = {
    "channels": [16, 16],
    "blocks": [1, 1],
    "steps": 60,
    "batch": 4,
    "patch": 32,
    "learning_rate": 1e-3,
    "texture_share": 0.0,
    "sources": [{"name": "bodies", "path": "bodies", "reader": "dicom", "role": "ct"}],
}


def exported(folder: Path, return_px: float) -> tuple[CtDenoiser, Path]:
    """A network with random weights, and its file."""
    torch.manual_seed(0)
    network = CtDenoiser((16, 16), (1, 1), return_px)
    for parameter in network.parameters():  # equal constants would be stored once, under one name
        torch.nn.init.normal_(parameter, std=0.05)
    path = folder / "1" / "model.onnx"
    write_onnx(network.state_dict(), CtRecipe.model_validate(TINY | {"return_px": return_px}), path)
    return network, path
