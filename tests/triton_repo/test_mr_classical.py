"""The classical reconstructions, as Triton runs them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import recon
from recon.physics.fourier import to_image, to_kspace
from tests.conftest import head, multicoil

REPOSITORY = Path(recon.__file__).parent.parent / "triton_repo" / "mr_classical"
SPEC = importlib.util.spec_from_file_location("mr_classical_model", REPOSITORY / "1" / "model.py")
model = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(model)

SHAPE, NOISE = (96, 80), 0.004
IMAGE = head(SHAPE)
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2
EVERY_THIRD = (LINES % 3 == 0) | (np.abs(LINES) < 10)
LATE = EVERY_THIRD & (LINES > -20)  # partial Fourier: the early lines are missing


def error(planes, truth):
    found = np.hypot(planes[0], planes[1])
    found = found * (found * truth).sum() / (found * found).sum()
    return np.linalg.norm(found - truth) / np.linalg.norm(truth)


def combined(coils, seed=0):
    """Root sum of squares without noise: what coil combination can reach at best."""
    return np.sqrt((np.abs(to_image(multicoil(IMAGE, coils, seed=seed))) ** 2).sum(0))


@pytest.mark.parametrize("method", ["sense", "l1-wavelet"])
@pytest.mark.parametrize(("mask", "limit"), [(EVERY_THIRD, 0.08), (LATE, 0.15)])
def test_missing_lines_are_completed(method, mask, limit) -> None:
    kspace = multicoil(IMAGE, 8, noise=NOISE) * mask
    planes = model.reconstruct(method, kspace, NOISE)
    assert planes.shape == (5, *SHAPE)
    assert planes.dtype == np.float32
    assert error(planes, combined(8)) < limit < error(model.reconstruct("zero-filled", kspace, NOISE), combined(8))
    assert np.isfinite(planes[:2]).all()


@pytest.mark.parametrize("coils", [1, 2, 5, 16, 32])
@pytest.mark.parametrize("method", ["zero-filled", "sense", "l1-wavelet"])
def test_any_number_of_coils(method, coils) -> None:
    kspace = multicoil(IMAGE, coils, noise=0.002) * (np.abs(LINES) < 36)
    planes = model.reconstruct(method, kspace, 0.002)
    assert error(planes, combined(coils)) < 0.12
    unexplained = np.sqrt((planes[4] ** 2).sum() / (np.abs(kspace) ** 2).sum())
    assert unexplained < 0.1


def test_maps_are_those_of_the_coils() -> None:
    kspace = multicoil(IMAGE, 6)
    maps = model.sensitivities(kspace)
    coils = to_image(kspace)
    truth = coils / np.sqrt((np.abs(coils) ** 2).sum(0))
    similarity = np.abs((maps.conj() * truth).sum(0))[IMAGE > 0.1]
    assert similarity.min() > 0.98
    assert np.median(similarity) > 0.9995


def test_maps_do_not_need_a_centred_block() -> None:
    kspace = multicoil(IMAGE, 6)
    whole = model.sensitivities(kspace)
    shifted = model.sensitivities(kspace * (LINES > -8))
    similarity = np.abs((whole.conj() * shifted).sum(0))[IMAGE > 0.1]
    assert np.median(similarity) > 0.999


def test_the_operator_and_its_adjoint_agree() -> None:
    rng = np.random.default_rng(0)

    def some(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)

    for mask in (np.broadcast_to(EVERY_THIRD, SHAPE), rng.random(SHAPE) < 0.4):
        maps = some(4, *SHAPE)
        operator = model.Cartesian(some(4, *SHAPE) * mask, maps)
        x, y = some(*SHAPE), some(4, *SHAPE) * mask
        assert np.vdot(operator.forward(x), y) == pytest.approx(np.vdot(x, operator.adjoint(y)), rel=1e-3)
        np.testing.assert_allclose(operator.normal(x), operator.adjoint(operator.forward(x)), atol=1e-3)


def test_propagated_noise_is_the_spread_of_many_scans() -> None:
    """At 90 %: images of other noise lie in the interval about their mean."""
    for method in ("zero-filled", "sense"):
        quiet = multicoil(IMAGE, 6) * EVERY_THIRD
        rng = np.random.default_rng(3)
        scans = [
            quiet + (NOISE * (rng.normal(size=quiet.shape) + 1j * rng.normal(size=quiet.shape)) * EVERY_THIRD)
            for _ in range(10)
        ]
        planes = np.stack([model.reconstruct(method, scan.astype(np.complex64), NOISE) for scan in scans])
        images = np.hypot(planes[:, 0], planes[:, 1])
        spread = images.std(0, ddof=1)[IMAGE > 0.1]
        foretold = planes[0, 2][IMAGE > 0.1] / 1.645
        assert np.sqrt(np.mean(spread**2)) == pytest.approx(np.sqrt(np.mean(foretold**2)), rel=0.12)
    assert np.isnan(model.reconstruct("l1-wavelet", scans[0].astype(np.complex64), NOISE)[2]).all()


@pytest.mark.parametrize("method", ["zero-filled", "sense"])
def test_a_trajectory_is_gridded(method) -> None:
    import sigpy

    side = 64
    image = head((side, side))
    coils = to_image(multicoil(image, 4, noise=0.0))
    angles = np.pi * np.arange(100) / 100
    radius = (np.arange(2 * side) - side) / (2 * side)
    path = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]
    samples = sigpy.nufft(coils.astype(np.complex64), path[..., ::-1] * side).transpose(0, 2, 1)
    planes = model.reconstruct(method, samples.astype(np.complex64), 1e-3, path.astype(np.float32), (side, side))
    y, x = np.mgrid[-32:32, -32:32]
    coils = to_image((to_kspace(coils) * (np.hypot(y, x) <= 32)).astype(np.complex64))  # spokes reach no corner
    truth = np.sqrt((np.abs(coils) ** 2).sum(0))
    assert error(planes, truth) < 0.12
    inside = truth > 0.2 * truth.max()
    # the unit is that of a unitary transform
    assert np.median(np.hypot(planes[0], planes[1])[inside] / truth[inside]) == pytest.approx(1, abs=0.1)
    assert planes[4, 0, 0] < 0.05
    assert (planes[2] > 0).all()


def test_unknown_noise_is_measured() -> None:
    kspace = to_kspace(np.zeros((2, *SHAPE), np.complex64)) + multicoil(0 * IMAGE, 2, noise=0.3)
    assert model.measured_noise(kspace) == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [("magic", {}, "no method"), ("l1-wavelet", {}, "Cartesian"), ("sense", {"rows": 3}, "rows and columns")],
)
def test_requests_that_cannot_be_done(method, parameters, words) -> None:
    assert words in model.problem_with(method, parameters, np.ones(1), ["sense", "l1-wavelet"])


def test_the_configuration_names_this_file() -> None:
    text = (REPOSITORY / "config.pbtxt").read_text()
    (stated,) = re.findall(r'sha256\.1" value: { string_value: "(\w+)"', text)
    assert stated == hashlib.sha256((REPOSITORY / "1" / "model.py").read_bytes()).hexdigest()
