"""From a checkpoint to the files that Triton serves: weights in 8 and 16 bits, the encoding, a configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from recon.backend.build import write_version
from recon.backend.configuration import Entry, ModelConfig
from recon.networks.automap import Automap
from recon.networks.dautomap import Dautomap
from recon.physics.encoding import SIDE, Encoding, encoding
from recon.training.automap.initialise import EightBits
from recon.training.automap.recipe import AutomapRecipe, DautomapRecipe
from recon.training.export import halve_weights

_WORDS = {
    "poisson_disc": "AUTOMAP, 64x64, Poisson-disc under-sampled Cartesian, one coil",
    "misaligned": "AUTOMAP, 64x64, Cartesian with every other line read late, one coil",
    "radial": "AUTOMAP, 64x64, radial, one coil",
    "spiral": "AUTOMAP, 64x64, spiral, one coil",
}


def export_automap(
    network: Automap,
    stored: EightBits | None,
    image_scale: float,
    factor: float,
    recipe: AutomapRecipe,
    folder: Path,
) -> None:
    """Write ``1/model.onnx``, ``1/encoding.npz`` and ``config.pbtxt`` of one AUTOMAP network.

    Parameters
    ----------
    network
        With the weights to ship.
    stored
        Its first layer's inverse in 8 bits; None when the encoding's is known in closed form.
    image_scale
        Root mean square of an image over that of its samples.
    factor
        Conformal factor of the interval.
    recipe
        That it was trained with.
    folder
        The model's folder in the repository.
    """
    scheme = encoding(recipe.encoding)
    (folder / "1").mkdir(parents=True, exist_ok=True)
    model = _onnx(network, torch.zeros(1, 2, len(scheme.positions)), "samples")
    model = halve_weights(model)
    if stored is not None:
        store_eight_bits(model, stored)
    onnx.save(model, folder / "1" / "model.onnx")
    np.savez_compressed(folder / "1" / "encoding.npz", **_facts(scheme, image_scale))
    extra = {
        "takes": "kspace,counts" if scheme.cartesian else "kspace,counts,trajectory",
        "encoding": recipe.encoding,
        "noise_range": f"0,{10 ** (-recipe.least_decibel / 20):.4g}",
        **_domain(recipe.encoding if recipe.encoding in ("radial", "spiral") else "cartesian", scheme.shape, 4.0),
    }
    shape = ",".join(str(n) for n in (1, 1, *scheme.shape, 2))
    _configure(folder, _WORDS[recipe.encoding], "automap", ["model.onnx", "encoding.npz"], factor, shape, extra)


def export_dautomap(network: Dautomap, factor: float, recipe: DautomapRecipe, folder: Path) -> None:
    """Write ``1/model.onnx`` and ``config.pbtxt`` of dAUTOMAP."""
    (folder / "1").mkdir(parents=True, exist_ok=True)
    model = _onnx(network, torch.zeros(1, 2, recipe.side, recipe.side), "kspace")
    onnx.save(halve_weights(model), folder / "1" / "model.onnx")
    extra = {
        "takes": "kspace,counts",
        "encoding": "cartesian",
        "noise_range": f"0,{10 ** (-recipe.least_decibel / 20):.4g}",
        "acceleration_range": f"{recipe.least_acceleration:g},{recipe.most_acceleration:g}",
        **_domain("cartesian", (recipe.side, recipe.side), 1.1 * recipe.most_acceleration),
    }
    words = "dAUTOMAP, 256x256 Cartesian under-sampled lines, one coil"
    _configure(folder, words, "dautomap", ["model.onnx"], factor, f"1,1,{recipe.side},{recipe.side},2", extra)


def _domain(trajectory: str, shape: tuple[int, int], acceleration: float) -> dict[str, str]:
    """What a transform of one encoding is for: its own raw data and no other."""
    return {
        "domain_trajectories": trajectory,
        "domain_coils": "1,1",
        "domain_matrix": f"{min(shape)},{max(shape)}",
        "domain_acceleration": f"1,{acceleration:.3g}",
    }


def store_eight_bits(model: onnx.ModelProto, stored: EightBits) -> None:
    """Put the inverse's 8-bit weights in the place of the float32 ones, dequantised where they are used.

    Raises
    ------
    ValueError
        When the model holds no matrix of that shape.
    """
    graph = model.graph
    for tensor in list(graph.initializer):
        dims = tuple(tensor.dims)
        if dims not in (stored.weight.shape, stored.weight.shape[::-1]):
            continue
        along_rows = dims == stored.weight.shape
        weight = stored.weight if along_rows else np.ascontiguousarray(stored.weight.T)
        graph.initializer.remove(tensor)
        names = ["transform.eight_bits", "transform.row"]
        graph.initializer.extend(
            [numpy_helper.from_array(weight, names[0]), numpy_helper.from_array(stored.row, names[1])]
        )
        axis = 0 if along_rows else 1
        graph.node.insert(0, helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
        for info in list(graph.value_info):
            if info.name == tensor.name:
                graph.value_info.remove(info)
        return
    raise ValueError(f"the model holds no matrix of shape {stored.weight.shape}")


def _onnx(network: nn.Module, example: torch.Tensor, name: str) -> onnx.ModelProto:
    program = torch.onnx.export(
        network.eval(),
        (torch.cat([example, example]),),
        input_names=[name],
        output_names=["image_and_interval"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        opset_version=18,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return program.model_proto


def _facts(scheme: Encoding, image_scale: float) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    facts: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "measured": scheme.measured.astype(np.int32),
        "shape": np.array(scheme.shape),
        "side": np.array(SIDE),
        "image_scale": np.array(image_scale),
    }
    if scheme.cartesian:
        return facts | {"delay": np.array(scheme.delay)}
    return facts | {"trajectory": scheme.trajectory}


def _configure(
    folder: Path,
    description: str,
    served_by: str,
    files: list[str],
    factor: float,
    shape: str,
    extra: dict[str, str],
) -> None:
    inputs = [
        Entry("kspace", (1, -1, -1, -1, 2)),
        Entry("counts", (-1, -1), "UINT16", optional=True),
        Entry("trajectory", (-1, -1, 2), optional=True),
    ]
    outputs = [Entry("image_interval_residual", (1, 5, -1, -1))]
    config = ModelConfig("mr", description, served_by, inputs, outputs, extra=extra)
    write_version(folder, "1", config, files, factor, shape)
