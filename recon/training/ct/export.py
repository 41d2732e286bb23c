"""The CT denoiser's weights as ONNX."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from torch import Tensor
from torch.nn import functional

from recon.backend.configuration import Entry, ModelConfig
from recon.networks.ct_denoiser import NOISE_HU, WIDTH_HU, CtDenoiser
from recon.tasks.ct.denoise import STEP_HU
from recon.training.export import halve_weights
from recon.training.recipe import CtRecipe

WARM_SHAPE = "1,1,512,512"


def config_of(recipe: CtRecipe) -> ModelConfig:
    """What Triton and the gateway are told about a network of this recipe."""
    inputs = [Entry("hu", (-1, 1, -1, -1))]
    outputs = [Entry("noise_and_half_width", (-1, 2, -1, -1), "INT16")]
    return ModelConfig("ct", recipe.description, "network", inputs, outputs, recipe.is_default)


class InSteps(CtDenoiser):
    """The network as it is served: noise and half-width of the interval as whole steps of 1/16 HU.

    A quarter of the bytes of three planes in single precision, which are copied twice on their way; rounding
    errs by 0.02 HU. Scaling and the mean of both widths are products with constants before the pixels are
    unfolded: runtimes split and join planes slowly, and multiply fast.
    """

    def forward(self, hu: Tensor) -> Tensor:
        """(batch, 2, y, x) int16 for (batch, 1, y, x) in HU."""
        folded = self.folded(self.windows(hu))
        noise, width = torch.zeros(2, 3, 1, 1), torch.zeros(2, 3, 1, 1)
        noise[0, 0], width[1, 1:] = NOISE_HU / STEP_HU, 0.5 * WIDTH_HU / STEP_HU
        mixed = functional.conv2d(folded, _for_each_of_four(noise))
        mixed = mixed + functional.conv2d(functional.softplus(folded), _for_each_of_four(width))
        steps = functional.pixel_shuffle(mixed, 2)
        return torch.clamp(torch.round(steps), -32768.0, 32767.0).to(torch.int16)


def _for_each_of_four(weights: Tensor) -> Tensor:
    """A 1x1 kernel (out, in, 1, 1) for images whose channels hold the pixels of 2x2."""
    return torch.kron(weights[:, :, 0, 0], torch.eye(4))[:, :, None, None]


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
    network = InSteps(recipe.channels, recipe.blocks)
    network.load_state_dict(average)
    network.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    batch, rows, columns = (torch.export.Dim(n) for n in ("batch", "rows16", "columns16"))
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 1, 96, 128),),
        input_names=["hu"],
        output_names=["noise_and_half_width"],
        dynamic_shapes=({0: batch, 2: 16 * rows, 3: 16 * columns},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    onnx.save(halve_weights(program.model_proto), path)
