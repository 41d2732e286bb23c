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
_RETURN_PX = "return_px"


def config_of(recipe: CtRecipe) -> ModelConfig:
    """What Triton and the gateway are told about a network of this recipe."""
    inputs = [Entry("hu", (-1, 1, -1, -1))]
    outputs = [Entry("noise_and_half_width", (-1, 2, -1, -1), "INT16")]
    return ModelConfig("ct", recipe.description, "network", inputs, outputs, recipe.is_default)


class InSteps(CtDenoiser):
    """The network as it is served: noise and half-width of the interval as whole steps of 1/16 HU.

    A quarter of the bytes of three planes in single precision, which are copied twice on their way; rounding
    errs by 0.02 HU. The half-width is the larger of the two distances: their mean would leave out one side of
    a lesion, whose error has a sign. Scaling is a product with constants before the pixels are unfolded:
    runtimes split planes slowly, and multiply fast.
    """

    def forward(self, hu: Tensor) -> Tensor:
        """(batch, 2, y, x) int16 for (batch, 1, y, x) in HU."""
        folded = self.folded(self.windows(hu))
        noise = _plane(folded, 0, NOISE_HU / STEP_HU)
        widths = functional.softplus(folded)
        below, above = (_plane(widths, channel, WIDTH_HU / STEP_HU) for channel in (1, 2))
        if self.returned is not None:
            low = self.returned(noise)
            noise, below, above = noise - low, below + low, above - low
        steps = torch.cat([noise, torch.maximum(below, above)], 1)
        return torch.clamp(torch.round(steps), -32768.0, 32767.0).to(torch.int16)


def _plane(folded: Tensor, channel: int, scale: float) -> Tensor:
    """One output channel (batch, 1, y, x), scaled, of three whose pixels of 2x2 are folded into channels."""
    weights = torch.zeros(1, 3, 1, 1)
    weights[0, channel] = scale
    return functional.pixel_shuffle(functional.conv2d(folded, _for_each_of_four(weights)), 2)


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
    network = InSteps(recipe.channels, recipe.blocks, recipe.return_px)
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
    model = halve_weights(program.model_proto)
    onnx.helper.set_model_props(model, {_RETURN_PX: str(recipe.return_px)})
    onnx.save(model, path)


def read_return_px(path: Path) -> float:
    """The ``return_px`` of :class:`CtDenoiser` that a served file was written with; 0 where it says nothing."""
    properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return float(properties.get(_RETURN_PX, "0"))
