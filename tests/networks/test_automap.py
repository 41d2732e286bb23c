"""AUTOMAP and dAUTOMAP start as linear inverses of their encodings and scale as they should."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.automap import AcquiredToImage, Automap, RealignedFourier
from recon.networks.dautomap import Dautomap, LearnedTransform
from recon.physics.encoding import DELAY, SIDE, encoding
from recon.physics.fourier import to_kspace


def _image(side, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(2, side, side)) + 1j * rng.normal(size=(2, side, side))).astype(np.complex64)


def _parts(values):
    return torch.from_numpy(np.stack([values.real, values.imag], 1))


def test_realigned_fourier_inverts_the_misaligned_encoding() -> None:
    image = _image(SIDE)
    samples = encoding("misaligned").forward(image)
    found = RealignedFourier(SIDE, DELAY)(_parts(samples)).reshape(2, 2, SIDE, SIDE).numpy()
    np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], image, atol=1e-4)


def test_dense_layer_is_a_complex_matrix() -> None:
    layer = AcquiredToImage(6, 4)
    rng = np.random.default_rng(1)
    matrix = (rng.normal(size=(6, 4)) + 1j * rng.normal(size=(6, 4))).astype(np.complex64)
    layer.get_buffer("weight").copy_(torch.from_numpy(np.concatenate([matrix.real, matrix.imag])))
    layer.get_buffer("column").fill_(2.0)
    samples = (rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))).astype(np.complex64)
    found = layer(_parts(samples)).numpy()
    np.testing.assert_allclose(found[:, :6] + 1j * found[:, 6:], 2 * samples @ matrix.T, atol=1e-5)


def test_untrained_automap_is_its_inverse() -> None:
    torch.manual_seed(0)
    network = Automap(RealignedFourier(SIDE, DELAY), SIDE * SIDE).eval()
    image = _image(SIDE)
    samples = _parts(encoding("misaligned").forward(image))
    with torch.inference_mode():
        transformed = network.transformed(samples).numpy()
        out = network(samples)
    # tanh bends a pixel of 3 by less than one in ten thousand
    np.testing.assert_allclose(transformed[:, 0] + 1j * transformed[:, 1], image, atol=2e-3)
    assert out.shape == (2, 4, SIDE, SIDE)
    assert (out[:, 2:] >= 0).all()
    assert np.abs(out[:, :2].numpy() - transformed).max() < 0.2


@pytest.mark.parametrize("side", [32, 64])
def test_learned_transforms_start_as_the_inverse_dft(side) -> None:
    image = _image(side)
    network = Dautomap(side, (8, 8, 8)).eval()
    with torch.inference_mode():
        found = network.transformed(_parts(to_kspace(image))).numpy()
    np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], image, atol=2e-3)


def test_learned_transform_learns() -> None:
    layer = LearnedTransform(8)
    layer(torch.randn(1, 2, 8, 8)).square().sum().backward()
    assert layer.real.grad is not None
    assert layer.real.grad.abs().max() > 0
