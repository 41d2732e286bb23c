"""The networks as they are shipped, read back from the model repository into torch, for gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from recon.networks.automap import AcquiredToImage, Automap, RealignedFourier
from recon.networks.dautomap import Dautomap
from recon.physics.encoding import DELAY, SIDE, encoding
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe


def load_automap(recipe: AutomapRecipe, folder: Path) -> tuple[Automap, float]:
    """An AUTOMAP network from ``<folder>/1``, and the root mean square of an image over that of its samples."""
    scheme = encoding(recipe.encoding)
    stored = _initializers(folder / "1" / "model.onnx")
    if "transform.eight_bits" in stored:
        transform: torch.nn.Module = AcquiredToImage(SIDE * SIDE, len(scheme.positions))
        weight = stored["transform.eight_bits"].astype(np.float32)
        weight = weight if weight.shape[0] == 2 * SIDE * SIDE else weight.T
        row = stored["transform.row"].astype(np.float32)[:, None]
        transform.get_buffer("weight").copy_(torch.from_numpy(weight * row))
        transform.get_buffer("column").copy_(torch.from_numpy(stored["transform.column"].astype(np.float32)))
    else:
        transform = RealignedFourier(SIDE, DELAY)
    network = Automap(transform, len(scheme.positions), SIDE, recipe.first_rank, recipe.second_rank, recipe.channels)
    _fill(network, stored)
    with np.load(folder / "1" / "encoding.npz") as facts:
        return network, float(facts["image_scale"])


def load_dautomap(recipe: DautomapRecipe, folder: Path) -> Dautomap:
    """dAUTOMAP from ``<folder>/1``."""
    network = Dautomap(recipe.side, recipe.channels, recipe.blocks)
    _fill(network, _initializers(folder / "1" / "model.onnx"))
    return network


def _initializers(path: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def _fill(network: torch.nn.Module, stored: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]) -> None:
    network.load_state_dict({n: torch.from_numpy(stored[n].astype(np.float32)) for n in network.state_dict()})
    network.eval()
