"""The first layer: the linear estimate that errs least, kept in 8 bits; and the random images it is for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.physics.encoding import SIDE, encoding
from recon.training.automap import conventional, initialise
from recon.training.automap.images import Bank
from recon.training.automap.metrics import fidelity
from recon.training.automap.sampler import AcquisitionOperator, Sampler, as_input, generator, noisy, smooth_phase


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    discs = [
        sum(
            rng.uniform(0.2, 1) * (np.hypot(y - rng.uniform(30, 98), x - rng.uniform(30, 98)) < rng.uniform(5, 30))
            for _ in range(6)
        )
        for _ in range(12)
    ]
    pictures = np.stack([np.clip(60 * d, 0, 255) for d in discs]).astype(np.uint8)
    return Sampler(Bank(pictures, np.zeros((0, 128, 128), np.uint8)), 0.3)


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


def test_phase_coherence_falls_with_distance() -> None:
    coherence = initialise.phase_coherence(40, 1)
    centre = SIDE * (SIDE // 2) + SIDE // 2
    assert coherence[centre, centre] == pytest.approx(1, abs=1e-3)
    assert coherence[centre, centre] > coherence[centre, centre + 8] > coherence[centre, centre + 24]
    phase = smooth_phase(8, SIDE, generator(1, 0))
    assert float((phase[:, 1:] - phase[:, :-1]).abs().max()) < 0.5


class _Small:
    """An encoding of 40 unknowns in 24 samples."""

    def matrix(self):
        rng = np.random.default_rng(4)
        return ((rng.normal(size=(24, 40)) + 1j * rng.normal(size=(24, 40))) / 8).astype(np.complex64)


def test_no_linear_inverse_errs_less() -> None:
    lag = np.arange(40)[:, None] - np.arange(40)
    covariance = np.exp(-np.abs(lag) / 6).astype(np.float32)
    scheme = _Small()
    inverse = initialise.wiener(scheme, covariance, 1.0, 20.0).matrix
    seen = scheme.matrix()
    power = (seen @ covariance @ seen.conj().T).diagonal().real.mean()

    def expected_error(matrix):
        miss = matrix @ seen - np.eye(40)
        return np.trace(miss @ covariance @ miss.conj().T).real + 0.01 * power * np.square(np.abs(matrix)).sum()

    least, rng = expected_error(inverse), np.random.default_rng(5)
    for _ in range(5):
        other = inverse + 0.02 * (rng.normal(size=inverse.shape) + 1j * rng.normal(size=inverse.shape))
        assert expected_error(other) > least
    assert least < 0.7 * expected_error(seen.conj().T)


def test_eight_bits_keep_columns_of_unlike_size() -> None:
    rng = np.random.default_rng(6)
    size = 10.0 ** rng.uniform(-2, 1, 200)
    matrix = ((rng.normal(size=(300, 200)) + 1j * rng.normal(size=(300, 200))) * size).astype(np.complex64)
    stored = initialise.eight_bits(matrix)
    rows = stored.weight * stored.row[:, None] * stored.column
    error = np.abs(rows[:300] + 1j * rows[300:] - matrix)
    # half a step of 1/127 of the largest, for real and imaginary part
    assert (error / (np.abs(matrix).max(0) / 127)).max() < 0.8
    assert stored.weight.dtype == np.int8


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


def test_input_is_in_units_of_its_root_mean_square(sampler) -> None:
    samples, scale = as_input(1e-7 * AcquisitionOperator(encoding("radial"))(sampler.images(3, generator(1, 0))))
    assert torch.allclose(samples.square().sum(1).mean(1), torch.ones(3), atol=1e-4)
    assert float(scale.max()) < 1e-5
