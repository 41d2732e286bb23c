"""Worst cases of linear maps are their spectral norms; lesions of perfect reconstructions come out whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.physics.encoding import SIDE, encoding
from recon.training.automap import instability, lesion
from recon.training.automap.calibrate import calibrate
from recon.training.automap.conventional import linear_matrix
from recon.training.automap.sampler import smooth_phase
from recon.training.automap.spectrum import components


def _objects(count):
    y, x = np.mgrid[:SIDE, :SIDE]
    rng = np.random.default_rng(1)
    discs = [1.0 * (np.hypot(y - rng.uniform(26, 38), x - 32) < 20) for _ in range(count)]
    phase = smooth_phase(count, SIDE, torch.Generator().manual_seed(1)).numpy()
    return (np.stack(discs) * np.exp(1j * phase)).astype(np.complex64)


def test_ascent_finds_the_spectral_norm_of_a_linear_method() -> None:
    scheme, truth = encoding("spiral"), _objects(1)
    matrix = linear_matrix("spiral")
    norm = instability.linear_worst_case(matrix, scheme, 12)
    torch_matrix = torch.from_numpy(matrix)
    found = instability.worst_case(
        lambda samples: (samples @ torch_matrix.T).reshape(-1, SIDE, SIDE),
        scheme,
        truth,
        np.zeros((1, len(scheme.positions)), np.complex64),
        4,
    )
    assert found[-1][0].amplification == pytest.approx(norm, rel=0.1)
    assert [w.norm for w, _ in found] == list(instability.NORMS)
    for worst, change in found:
        assert np.linalg.norm(change) / np.linalg.norm(truth) == pytest.approx(worst.norm, rel=1e-3)
    amplified = instability.direct_under(
        scheme, truth, np.zeros((1, len(scheme.positions)), np.complex64), found[-1][1]
    )
    assert amplified == pytest.approx(found[-1][0].amplification, rel=0.02)


def test_lesions_of_a_perfect_reconstruction() -> None:
    truth = _objects(6)
    discs = lesion.lesions(truth, 2.0, 0.5, 1)
    assert all(np.count_nonzero(d) > 8 for d in discs)
    whole = lesion.recovered(lambda images: images, truth, discs)
    assert whole.mean == pytest.approx(1, abs=1e-3)
    assert whole.absent_spread == pytest.approx(0, abs=1e-4)
    erased = lesion.recovered(lambda images: truth, truth, discs)
    assert erased.mean == pytest.approx(0, abs=1e-4)
    invented = lesion.recovered(lambda images: truth + discs, truth, discs)
    assert invented.absent == pytest.approx(1, abs=1e-3)


def test_calibrated_interval_covers_what_it_says() -> None:
    rng = np.random.default_rng(0)
    truth = _objects(8)
    width = 0.02 + 0.05 * rng.random(truth.shape)

    def reconstruct(decibel):
        magnitude = np.abs(truth) + width * rng.normal(size=truth.shape)
        phase = np.angle(truth)
        return np.stack([magnitude * np.cos(phase), magnitude * np.sin(phase), width, width], 1), truth

    factor, covered = calibrate(reconstruct, (20.0, 30.0))
    assert factor == pytest.approx(1.645, abs=0.05)  # of a normal distribution
    assert all(0.88 < value < 0.92 for value in covered.values())


def test_components() -> None:
    assert components(np.array([3.0, 1.0, 0.0], np.float32), 0.9) == 1
    assert components(np.array([1.0, 1.0, 1.0, 1.0], np.float32), 0.99) == 4
