"""What the networks are compared with, knows the encoding."""

from __future__ import annotations

import numpy as np

from recon.physics.encoding import SIDE, encoding
from recon.training.automap import conventional
from recon.training.automap.metrics import fidelity
from recon.training.automap.sampler import generator


def test_conjugate_gradients_know_of_the_delay(sampler) -> None:
    scheme, truth = encoding("misaligned"), sampler.images(2, generator(3, 0)).numpy()
    samples = scheme.forward(truth)
    assert fidelity(conventional.conjugate_gradients(scheme, samples, 60.0), truth).psnr_decibel > 50
    assert fidelity(conventional.direct(scheme, samples), truth).psnr_decibel < 30


def test_linear_matrix_is_the_direct_method(sampler) -> None:
    scheme, truth = encoding("spiral"), sampler.images(1, generator(3, 0)).numpy()
    samples = scheme.forward(truth)
    found = (samples @ conventional.linear_matrix("spiral").T).reshape(1, SIDE, SIDE)
    np.testing.assert_allclose(found, conventional.direct(scheme, samples), atol=1e-3 * np.abs(found).max())
