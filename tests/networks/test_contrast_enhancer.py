"""Where the low dose shows nothing, nothing is added."""

from __future__ import annotations

import pytest
import torch

from recon.networks.contrast_enhancer import CHANNELS, SLICES, ContrastEnhancer


@pytest.fixture(scope="module")
def network() -> ContrastEnhancer:
    torch.manual_seed(0)
    return ContrastEnhancer((8, 8, 8), (1, 1, 1)).eval()


def features(difference: float) -> torch.Tensor:
    made = torch.full((1, CHANNELS, 32, 40), 0.8)
    made[:, SLICES:] = difference
    return made


def test_without_a_difference_nothing_is_added(network: ContrastEnhancer) -> None:
    with torch.no_grad():
        enhancement, below, above = network(features(0.0), torch.zeros(1, 2))[0]
    assert float(enhancement.abs().max()) < 0.2
    assert float(below.min()) > 0
    assert float(above.min()) > 0


def test_an_untrained_mixture_lies_among_its_candidates(network: ContrastEnhancer) -> None:
    """All are 1 but nothing itself, so that six of seven parts are left."""
    with torch.no_grad():
        enhancement = network(features(1.0), torch.zeros(1, 2))[0, 0]
    torch.testing.assert_close(enhancement, torch.full_like(enhancement, 6 / 7), atol=0.2, rtol=0)
