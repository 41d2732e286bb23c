"""Images and acquisitions are drawn at random, and the same for the same step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.physics.encoding import encoding
from recon.training.automap.sampler import AcquisitionOperator, as_input, generator, noisy


def test_a_step_draws_the_same_images_again(sampler) -> None:
    first, second = (sampler.images(4, generator(1, 5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, sampler.images(4, generator(1, 6)))
    assert torch.allclose(first.abs().square().mean((1, 2)), torch.ones(4), atol=1e-4)


def test_noise_has_the_level_asked_for(sampler) -> None:
    samples = AcquisitionOperator(encoding("radial"))(sampler.images(16, generator(1, 0)))
    noise = noisy(samples, torch.full((16,), 20.0), generator(1, 1)) - samples
    ratio = noise.abs().square().mean() / samples.abs().square().mean()
    assert 10 * np.log10(float(ratio)) == pytest.approx(-20, abs=0.5)


def test_torch_and_numpy_acquire_the_same(sampler) -> None:
    images = sampler.images(2, generator(1, 0))
    scheme = encoding("spiral")
    np.testing.assert_allclose(AcquisitionOperator(scheme)(images).numpy(), scheme.forward(images.numpy()), atol=1e-3)


def test_input_is_in_units_of_its_root_mean_square(sampler) -> None:
    samples, scale = as_input(1e-7 * AcquisitionOperator(encoding("radial"))(sampler.images(3, generator(1, 0))))
    assert torch.allclose(samples.square().sum(1).mean(1), torch.ones(3), atol=1e-4)
    assert float(scale.max()) < 1e-5
