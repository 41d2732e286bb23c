"""What Triton serves is of the encoding that it says, and better than what it replaces."""

from __future__ import annotations

import numpy as np
import pytest

from recon.backend.automap import AutomapReconstruction
from recon.backend.python_model import RequestRefused
from recon.physics.encoding import DELAY, SIDE, encoding
from recon.quality.trained_encoding import encoding_checks
from recon.quality.verdict import Verdict, verdict_of
from recon.training.automap import conventional
from recon.training.automap.metrics import fidelity
from tests.backend.learned import REPOSITORY, SHIPPED, parameters_of, phantom


@pytest.mark.parametrize("name", SHIPPED)
def test_served_image_of_a_phantom(name) -> None:
    folder, scheme, truth = REPOSITORY / f"automap_{name}", encoding(name), phantom(SIDE)
    model = AutomapReconstruction(folder / "1")
    samples = scheme.forward(truth)
    rng = np.random.default_rng(2)
    noise = rng.normal(size=samples.shape) + 1j * rng.normal(size=samples.shape)
    samples = samples + noise * np.sqrt(np.mean(np.abs(samples) ** 2) / 2) * 10 ** (-28 / 20)
    unit = np.float32(1e-6)  # a scanner's
    raw = scheme.put(samples.astype(np.complex64)) * unit
    planes = model(raw, raw != 0, scheme.trajectory)
    assert planes.shape == (5, SIDE, SIDE)
    assert planes.dtype == np.float32
    ours = fidelity(planes[None, 0] + 1j * planes[None, 1], truth[None] * unit)
    direct = fidelity(conventional.direct(scheme, samples)[None], truth[None])
    assert ours.rmse < 0.95 * direct.rmse
    factor = float(parameters_of(folder)["conformal_factor.1"])
    inside = np.abs(truth) > 0.05
    error = np.abs(np.hypot(planes[0], planes[1]) - np.abs(truth) * unit)
    assert 0.7 < np.mean((error <= factor * (planes[2] + planes[3]) / 2)[inside]) <= 1
    left = planes[4] if not scheme.cartesian else np.linalg.norm(planes[4]) / np.linalg.norm(raw)
    assert 0.001 < np.max(left) < 0.3
    checks = encoding_checks(raw, raw != 0, scheme.trajectory, 0.0, parameters_of(folder), scheme)
    assert verdict_of(checks) == Verdict.PASS


@pytest.mark.parametrize("name", SHIPPED)
def test_served_encoding_is_the_packages(name) -> None:
    folder, scheme = REPOSITORY / f"automap_{name}", encoding(name)
    model = AutomapReconstruction(folder / "1")
    np.testing.assert_array_equal(model.measured, scheme.measured)
    assert model.delay == (DELAY if name == "misaligned" else 0)
    if not scheme.cartesian:
        np.testing.assert_array_equal(model.trajectory, scheme.trajectory)
    assert parameters_of(folder)["encoding"] == name
    with pytest.raises(RequestRefused, match="this network is for"):
        model(np.ones((10, 10), np.complex64), np.ones((10, 10), bool))
