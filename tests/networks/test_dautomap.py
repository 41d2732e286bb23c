"""The decomposed transform starts as the inverse DFT and learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.dautomap import Dautomap, LearnedTransform
from recon.physics.fourier import to_kspace
from tests.networks.pictures import image_of, parts_of


@pytest.mark.parametrize("side", [32, 64])
def test_learned_transforms_start_as_the_inverse_dft(side) -> None:
    image = image_of(side)
    network = Dautomap(side, (8, 8, 8)).eval()
    with torch.inference_mode():
        found = network.transformed(parts_of(to_kspace(image))).numpy()
    np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], image, atol=2e-3)


def test_learned_transform_learns() -> None:
    layer = LearnedTransform(8)
    layer(torch.randn(1, 2, 8, 8)).square().sum().backward()
    assert layer.real.grad is not None
    assert layer.real.grad.abs().max() > 0
