"""The first layer: the linear estimate that errs least, kept in 8 bits; and the random images it is for."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.encoding import SIDE
from recon.training.automap import initialise
from recon.training.automap.sampler import generator, smooth_phase


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
