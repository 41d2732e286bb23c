"""A served network as its authors run it: torch in Python, weights read back from the ONNX file."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from recon.networks.ct_denoiser import CtDenoiser
from recon.training.ct.export import read_return_px
from recon.training.export import read_weights
from recon.volumes import FloatImage

_BLOCK = re.compile(r"down\.(\d+)\.(\d+)\.first\.weight")


def ct_network(weights: Path) -> CtDenoiser | None:
    """The CT network behind a file; None when the file holds another one."""
    found = read_weights(weights)
    blocks: dict[int, int] = {}
    widths: dict[int, int] = {}
    for name, value in found.items():
        if match := _BLOCK.fullmatch(name):
            level = int(match[1])
            blocks[level] = blocks.get(level, 0) + 1
            widths[level] = int(value.shape[0])
    if not blocks:
        return None
    levels = sorted(blocks)
    channels, depths = tuple(widths[level] for level in levels), tuple(blocks[level] for level in levels)
    network = CtDenoiser(channels, depths, read_return_px(weights))
    try:
        network.load_state_dict(found)
    except RuntimeError:
        return None
    return network.eval()


class TorchEager:
    """Runs the network on an input (1, 1, y, x)."""

    def __init__(self, network: CtDenoiser, threads: int) -> None:
        self._network, self._threads = network, threads

    def __call__(self, given: FloatImage) -> FloatImage:
        """Output (1, channels, y, x)."""
        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            with torch.inference_mode():
                output: FloatImage = self._network(torch.from_numpy(given)).numpy()
        finally:
            torch.set_num_threads(before)
        return output
