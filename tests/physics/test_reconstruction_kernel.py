from __future__ import annotations

import numpy as np
import pytest

from recon.physics.reconstruction_kernel import SOFT, Kernel, apply_kernel


def test_kernels_keep_the_mean() -> None:
    image = np.random.default_rng(0).normal(40, 20, (64, 64))
    for kernel in (SOFT, Kernel(0.8, 2.5, 1.2)):
        assert apply_kernel(image, kernel, 0.7).mean() == pytest.approx(image.mean())


def test_softer_kernels_leave_less_noise() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (128, 128))
    spread = [apply_kernel(noise, Kernel(cutoff), 0.7).std() for cutoff in (0.3, 0.5, 0.9)]
    assert spread[0] < spread[1] < spread[2]


def test_parseval() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (64, 64))
    filtered = apply_kernel(noise, SOFT, 0.7)
    frequency = np.hypot(np.fft.fftfreq(64, 0.7)[:, None], np.fft.fftfreq(64, 0.7))
    power = (np.abs(np.fft.fft2(noise)) ** 2 * SOFT.transfer(frequency) ** 2).sum() / 64**2
    assert (filtered**2).sum() == pytest.approx(power)
