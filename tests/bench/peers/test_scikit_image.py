"""What scikit-image does about noise."""

from __future__ import annotations

import numpy as np

from recon.bench.peers import scikit_image
from recon.training.ct.metrics import psnr


def test_non_local_means_removes_noise() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((64, 64))
    truth[20:40, 20:40] = 100
    noisy = truth + rng.normal(0, 25, truth.shape)
    assert psnr(scikit_image.non_local_means(noisy, 25.0), truth) > psnr(noisy, truth) + 5
    for as_called in (scikit_image.non_local_means_as_called, scikit_image.total_variation_as_called):
        assert psnr(as_called(noisy, float("nan")), truth) > psnr(noisy, truth) + 3
