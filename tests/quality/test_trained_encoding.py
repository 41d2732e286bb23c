"""Data of another encoding, timing, trajectory or noise do not pass; data of the trained one do."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.encoding import DELAY, NAMES, SIDE, encoding
from recon.physics.fourier import to_kspace
from recon.quality.trained_encoding import NAMES as CHECKS
from recon.quality.trained_encoding import encoding_checks as checks_of
from recon.quality.trained_encoding import line_delay, noise_to_samples
from recon.quality.verdict import Verdict, verdict_of


def encoding_checks(raw, trajectory, noise_std, parameters):
    name = parameters.get("encoding")
    return checks_of(raw, raw != 0, trajectory, noise_std, parameters, encoding(name) if name in NAMES else None)


def _object():
    y, x = np.mgrid[: 4 * SIDE, : 4 * SIDE] / 4 - SIDE // 2
    fine = 1.0 * (np.hypot(y / 24, x / 18) < 1) - 0.4 * (np.hypot((y - 4) / 6, (x + 5) / 8) < 1)
    fine = fine * np.exp(0.02j * y + 0.4j)
    return fine.reshape(SIDE, 4, SIDE, 4).mean((1, 3)).astype(np.complex64)  # pixels are areas, not points


def _raw(name, noise=0.02, image=None):
    scheme = encoding(name)
    samples = scheme.forward(_object() if image is None else image)
    rng = np.random.default_rng(3)
    std = noise * np.sqrt(np.mean(np.abs(samples) ** 2) / 2)
    samples = samples + std * (rng.normal(size=samples.shape) + 1j * rng.normal(size=samples.shape))
    return scheme.put(samples.astype(np.complex64)), scheme.trajectory, float(std)


def _parameters(name):
    return {"encoding": name, "noise_range": "0,0.1"}


def test_every_check_has_its_name_among_all() -> None:
    found = set()
    for name in NAMES:
        raw, trajectory, std = _raw(name)
        parameters = {**_parameters(name), "acceleration_range": "1,4"}
        found |= {check.name for check in encoding_checks(raw, trajectory, std, parameters)}
    assert found == CHECKS


@pytest.mark.parametrize("name", NAMES)
def test_data_of_the_encoding_pass(name) -> None:
    raw, trajectory, std = _raw(name)
    checks = encoding_checks(raw, trajectory, std, _parameters(name))
    assert verdict_of(checks) == Verdict.PASS, checks
    assert verdict_of(encoding_checks(raw, trajectory, 0.0, _parameters(name))) == Verdict.PASS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_data_of_another_encoding_do_not(name, other) -> None:
    if name == other:
        return
    raw, trajectory, std = _raw(other)
    assert verdict_of(encoding_checks(raw, trajectory, std, _parameters(name))) == Verdict.REJECT


def test_lines_in_time_are_not_for_the_network_of_late_ones() -> None:
    checks = encoding_checks(to_kspace(_object()), None, 0.0, {"encoding": "misaligned"})
    assert {c.name for c in checks if c.outcome == Verdict.REJECT} == {"trained_timing"}


def test_delay_is_measured() -> None:
    assert line_delay(_raw("misaligned")[0]) == pytest.approx(DELAY, abs=0.051)
    assert line_delay(to_kspace(_object())) == pytest.approx(0.0, abs=0.051)


def test_another_trajectory_is_rejected() -> None:
    raw, trajectory, std = _raw("radial")
    turned = trajectory @ np.array([[0.98, 0.199], [-0.199, 0.98]], np.float32)
    checks = encoding_checks(raw, turned, std, _parameters("radial"))
    assert [c.name for c in checks if c.outcome == Verdict.REJECT] == ["trained_trajectory"]


@pytest.mark.parametrize("known", [True, False])
def test_more_noise_than_in_training_is_for_review(known) -> None:
    raw, trajectory, std = _raw("spiral", noise=0.25)
    checks = encoding_checks(raw, trajectory, std if known else 0.0, _parameters("spiral"))
    assert [c.name for c in checks if c.outcome != Verdict.PASS] == ["trained_noise"]
    assert verdict_of(checks) == Verdict.REVIEW


def test_noise_that_is_known_is_taken_as_it_is() -> None:
    raw, _, std = _raw("misaligned", noise=0.05)
    assert noise_to_samples(raw, raw != 0, None, std) == pytest.approx(0.05, rel=0.02)
    rng = np.random.default_rng(0)
    alone = (rng.normal(size=(64, 64)) + 1j * rng.normal(size=(64, 64))).astype(np.complex64)
    assert noise_to_samples(alone, alone != 0) == pytest.approx(1.0, rel=0.15)


def test_acceleration_of_networks_for_many_patterns() -> None:
    parameters = {"encoding": "cartesian", "acceleration_range": "2,4"}
    raw = np.ones((32, 32), np.complex64)
    assert verdict_of(encoding_checks(raw, None, 0.0, parameters)) == Verdict.PASS
    raw[:, ::1] = 0
    raw[:, ::6] = 1
    assert verdict_of(encoding_checks(raw, None, 0.0, parameters)) == Verdict.REVIEW


def test_models_that_state_no_encoding_get_no_checks() -> None:
    assert encoding_checks(np.ones((8, 8), np.complex64), None, 0.0, {"task": "mr"}) == []
