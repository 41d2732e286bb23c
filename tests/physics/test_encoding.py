"""Encodings: forward and adjoint belong together, patterns are what their names say and always the same."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics import encoding as module
from recon.physics.encoding import DELAY, NAMES, SIDE, encoding
from recon.physics.fourier import to_image, to_kspace


def _random(shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.mark.parametrize("name", NAMES)
def test_adjoint(name) -> None:
    scheme = encoding(name)
    image, samples = _random((2, SIDE, SIDE), 1), _random((2, len(scheme.positions)), 2)
    assert np.vdot(scheme.forward(image), samples) == pytest.approx(np.vdot(image, scheme.adjoint(samples)), rel=1e-4)


@pytest.mark.parametrize("name", ["poisson_disc", "radial"])
def test_matrix_is_the_forward_operator(name) -> None:
    scheme, image = encoding(name), _random((SIDE, SIDE), 3)
    np.testing.assert_allclose(scheme.matrix() @ image.ravel(), scheme.forward(image), atol=2e-5)


def test_poisson_disc_measures_samples_of_the_grid() -> None:
    scheme, image = encoding("poisson_disc"), _random((SIDE, SIDE), 4)
    np.testing.assert_allclose(scheme.forward(image), scheme.take(to_kspace(image)), atol=1e-4)
    mask = scheme.mask
    assert 0.36 < mask.mean() < 0.39
    assert mask[SIDE // 2 - 3 : SIDE // 2 + 4, SIDE // 2 - 3 : SIDE // 2 + 4].all()
    # no two samples touch where the distance asked for is more than that
    edge = mask[:8, :8]
    assert not (edge[:-1] & edge[1:]).any()
    assert not (edge[:, :-1] & edge[:, 1:]).any()


def test_misaligned_lines_give_a_ghost_and_their_inverse_none() -> None:
    scheme = encoding("misaligned")
    image = np.zeros((SIDE, SIDE), np.complex64)
    image[20:30, 10:20] = 1
    samples = scheme.forward(image)
    assert np.linalg.norm(samples) == pytest.approx(np.linalg.norm(image), rel=1e-5)  # unitary
    np.testing.assert_allclose(scheme.adjoint(samples), image, atol=1e-5)
    naive = np.abs(to_image(scheme.put(samples)))
    ghost = naive[20:30, 10 + SIDE // 2 : 20 + SIDE // 2].mean()
    # half the difference between the phases of even and odd lines
    expected = np.abs(np.sin(np.pi * DELAY / SIDE * (np.arange(20, 30) - SIDE // 2))).mean()
    assert ghost == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", ["radial", "spiral"])
def test_trajectories_and_their_density(name) -> None:
    scheme = encoding(name)
    assert scheme.trajectory.shape == (*scheme.shape, 2)
    assert np.hypot(*np.moveaxis(scheme.trajectory, -1, 0)).max() == pytest.approx(0.5, abs=0.02)
    # together the samples stand for the disc that they cover, within its outermost ring
    assert scheme.density().sum() == pytest.approx(np.pi * (SIDE / 2) ** 2, rel=0.05)
    assert np.all(scheme.density() > 0)


def test_patterns_are_the_same_each_time() -> None:
    mask = module.poisson_disc(32, 1.1, seed=5)
    np.testing.assert_array_equal(mask, module.poisson_disc(32, 1.1, seed=5))
    assert (mask != module.poisson_disc(32, 1.1, seed=6)).any()
    assert encoding("poisson_disc").mask.sum() == 1539  # what the shipped network was trained for


@pytest.mark.parametrize("name", NAMES)
def test_raw_data_and_back(name) -> None:
    scheme = encoding(name)
    samples = _random((3, len(scheme.positions)), 7)
    np.testing.assert_array_equal(scheme.take(scheme.put(samples)), samples)


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="poisson_disc"):
        encoding("cartesian")
