"""The body of the networks keeps sizes, starts without an opinion, and listens to its conditions."""

from __future__ import annotations

import pytest
import torch

from recon.networks.unet import ResidualBlock, UNet


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_a_block_starts_as_the_identity() -> None:
    x = torch.randn(1, 8, 12, 10)
    torch.testing.assert_close(ResidualBlock(8)(x), x, atol=0.05, rtol=0)


def test_sizes_are_kept_and_the_start_is_nothing() -> None:
    network = UNet(3, 2, (8, 12, 16), (1, 1, 1))
    with torch.no_grad():
        out = network.features(torch.randn(2, 3, 24, 40))
    assert out.shape == (2, 2, 24, 40)
    assert float(out.abs().max()) < 0.3


def test_pixels_folded_into_channels_are_the_same() -> None:
    network, images = UNet(1, 1, (8, 8), (1, 1)), torch.randn(1, 1, 16, 16)
    with torch.no_grad():
        folded, whole = network.folded(images), network.features(images)
    assert folded.shape == (1, 4, 8, 8)
    torch.testing.assert_close(folded[0, 0], whole[0, 0, ::2, ::2])
    torch.testing.assert_close(folded[0, 3], whole[0, 0, 1::2, 1::2])


def test_conditions_change_nothing_at_first_and_something_once_they_are_learned() -> None:
    network, images = UNet(1, 1, (8, 8), (1, 1), conditions=2), torch.randn(1, 1, 16, 16)
    one, other = torch.zeros(1, 2), torch.ones(1, 2)
    with torch.no_grad():
        torch.testing.assert_close(network.features(images, one), network.features(images, other))
        for layer in network.modulate:
            layer.weight.fill_(0.5)
        assert not torch.allclose(network.features(images, one), network.features(images, other), atol=1e-5)


def test_what_lies_far_away_does_not_matter() -> None:
    network, images = UNet(1, 1, (8, 8), (1, 1)), torch.randn(1, 1, 64, 64)
    changed = images.clone()
    changed[..., 60:] += 5
    with torch.no_grad():
        before, after = network.features(images), network.features(changed)
    torch.testing.assert_close(before[..., :16], after[..., :16])
