"""AUTOMAP and dAUTOMAP start as linear inverses of their encodings and scale as they should."""

from __future__ import annotations

import numpy as np
import torch

from recon.networks.automap import AcquiredToImage, Automap, RealignedFourier
from recon.physics.encoding import DELAY, SIDE, encoding
from tests.networks.pictures import image_of, parts_of


def test_realigned_fourier_inverts_the_misaligned_encoding() -> None:
    image = image_of(SIDE)
    samples = encoding("misaligned").forward(image)
    found = RealignedFourier(SIDE, DELAY)(parts_of(samples)).reshape(2, 2, SIDE, SIDE).numpy()
    np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], image, atol=1e-4)


def test_dense_layer_is_a_complex_matrix() -> None:
    layer = AcquiredToImage(6, 4)
    rng = np.random.default_rng(1)
    matrix = (rng.normal(size=(6, 4)) + 1j * rng.normal(size=(6, 4))).astype(np.complex64)
    layer.get_buffer("weight").copy_(torch.from_numpy(np.concatenate([matrix.real, matrix.imag])))
    layer.get_buffer("column").fill_(2.0)
    samples = (rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))).astype(np.complex64)
    found = layer(parts_of(samples)).numpy()
    np.testing.assert_allclose(found[:, :6] + 1j * found[:, 6:], 2 * samples @ matrix.T, atol=1e-5)


def test_untrained_automap_is_its_inverse() -> None:
    torch.manual_seed(0)
    network = Automap(RealignedFourier(SIDE, DELAY), SIDE * SIDE).eval()
    image = image_of(SIDE)
    samples = parts_of(encoding("misaligned").forward(image))
    with torch.inference_mode():
        transformed = network.transformed(samples).numpy()
        out = network(samples)
    # tanh bends a pixel of 3 by less than one in ten thousand
    np.testing.assert_allclose(transformed[:, 0] + 1j * transformed[:, 1], image, atol=2e-3)
    assert out.shape == (2, 4, SIDE, SIDE)
    assert (out[:, 2:] >= 0).all()
    assert np.abs(out[:, :2].numpy() - transformed).max() < 0.2
