"""The classical reconstructions, as Triton runs them."""

from __future__ import annotations

import numpy as np
import pytest

from recon.backend import mr_classical as model
from recon.physics.fourier import to_image, to_kspace
from tests.conftest import head, multicoil

SHAPE, NOISE = (96, 80), 0.004
IMAGE = head(SHAPE)
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2
EVERY_THIRD = (LINES % 3 == 0) | (np.abs(LINES) < 10)
LATE = EVERY_THIRD & (LINES > -20)  # partial Fourier: the early lines are missing


def error(planes, truth):
    found = np.hypot(planes[0], planes[1])
    found = found * (found * truth).sum() / (found * found).sum()
    return np.linalg.norm(found - truth) / np.linalg.norm(truth)


def sampled(lines):
    """Mask (ky, kx) of whole lines."""
    return np.broadcast_to(lines, SHAPE)


def combined(coils, seed=0):
    """Root sum of squares without noise: what coil combination can reach at best."""
    return np.sqrt((np.abs(to_image(multicoil(IMAGE, coils, seed=seed))) ** 2).sum(0))


@pytest.mark.parametrize("method", ["sense", "l1-wavelet"])
@pytest.mark.parametrize(("mask", "limit"), [(EVERY_THIRD, 0.08), (LATE, 0.15)])
def test_missing_lines_are_completed(method, mask, limit) -> None:
    kspace = multicoil(IMAGE, 8, noise=NOISE) * mask
    planes = model.reconstruct(method, kspace, sampled(mask), NOISE)
    assert planes.shape == (5, *SHAPE)
    assert planes.dtype == np.float32
    assert (
        error(planes, combined(8))
        < limit
        < error(model.reconstruct("zero-filled", kspace, sampled(mask), NOISE), combined(8))
    )
    assert np.isfinite(planes[:2]).all()


@pytest.mark.parametrize("coils", [1, 2, 5, 16, 32])
@pytest.mark.parametrize("method", ["zero-filled", "sense", "l1-wavelet"])
def test_any_number_of_coils(method, coils) -> None:
    kspace = multicoil(IMAGE, coils, noise=0.002) * (np.abs(LINES) < 36)
    planes = model.reconstruct(method, kspace, sampled(np.abs(LINES) < 36), 0.002)
    assert error(planes, combined(coils)) < 0.12
    unexplained = np.sqrt((planes[4] ** 2).sum() / (np.abs(kspace) ** 2).sum())
    assert unexplained < 0.1


def test_propagated_noise_is_the_spread_of_many_scans() -> None:
    """At 90 %: images of other noise lie in the interval about their mean."""
    for method in ("zero-filled", "sense"):
        quiet = multicoil(IMAGE, 6) * EVERY_THIRD
        rng = np.random.default_rng(3)
        scans = [
            quiet + (NOISE * (rng.normal(size=quiet.shape) + 1j * rng.normal(size=quiet.shape)) * EVERY_THIRD)
            for _ in range(10)
        ]
        planes = np.stack(
            [model.reconstruct(method, scan.astype(np.complex64), sampled(EVERY_THIRD), NOISE) for scan in scans]
        )
        images = np.hypot(planes[:, 0], planes[:, 1])
        spread = images.std(0, ddof=1)[IMAGE > 0.1]
        foretold = planes[0, 2][IMAGE > 0.1] / 1.645
        assert np.sqrt(np.mean(spread**2)) == pytest.approx(np.sqrt(np.mean(foretold**2)), rel=0.12)
    assert np.isnan(
        model.reconstruct("l1-wavelet", scans[0].astype(np.complex64), sampled(EVERY_THIRD), NOISE)[2]
    ).all()


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
    path = path.astype(np.float32)
    everything = np.ones(samples.shape[1:], bool)
    planes = model.reconstruct(method, samples.astype(np.complex64), everything, 1e-3, path, (side, side))
    y, x = np.mgrid[-32:32, -32:32]
    coils = to_image((to_kspace(coils) * (np.hypot(y, x) <= 32)).astype(np.complex64))  # spokes reach no corner
    truth = np.sqrt((np.abs(coils) ** 2).sum(0))
    assert error(planes, truth) < 0.12
    inside = truth > 0.2 * truth.max()
    # the unit is that of a unitary transform
    assert np.median(np.hypot(planes[0], planes[1])[inside] / truth[inside]) == pytest.approx(1, abs=0.1)
    assert planes[4, 0, 0] < 0.05
    assert (planes[2] > 0).all()


def spokes(count, side):
    """Trajectory (count, 2 side, 2) and the samples (4, 2 side, count) of a head along it."""
    import sigpy

    coils = to_image(multicoil(head((side, side)), 4, noise=0.0))
    angles = np.pi * np.arange(count) / count
    radius = (np.arange(2 * side) - side) / (2 * side)
    path = (radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]).astype(np.float32)
    return path, sigpy.nufft(coils.astype(np.complex64), path[..., ::-1] * side).transpose(0, 2, 1)


@pytest.mark.parametrize("method", ["zero-filled", "sense"])
def test_readouts_that_are_missing_or_padding_take_part_in_nothing(method) -> None:
    """Padded with 31 empty readouts, an image is that of the 41 which were measured."""
    side = 48
    path, samples = spokes(41, side)
    plain = model.reconstruct(method, samples, np.ones(samples.shape[1:], bool), 1e-3, path, (side, side))
    padded = np.concatenate([samples, np.zeros((4, 2 * side, 31), np.complex64)], axis=2)
    mask = np.broadcast_to(np.arange(72) < 41, padded.shape[1:])
    longer = np.concatenate([path, np.zeros((31, 2 * side, 2), np.float32)])
    planes = model.reconstruct(method, padded, mask, 1e-3, longer, (side, side))
    np.testing.assert_array_equal(planes, plain)


def test_each_coil_has_its_own_noise() -> None:
    """A coil ten times as noisy makes the interval of its neighbourhood wider, as many scans show."""
    noise = np.array([NOISE] * 5 + [10 * NOISE])
    quiet, mask = multicoil(IMAGE, 6), np.ones(SHAPE, bool)
    rng = np.random.default_rng(5)
    white = (rng.normal(size=(10, *quiet.shape)) + 1j * rng.normal(size=(10, *quiet.shape))) * noise[:, None, None]
    for method in ("zero-filled", "sense"):
        planes = np.stack([model.reconstruct(method, (quiet + w).astype(np.complex64), mask, noise) for w in white])
        spread = np.hypot(planes[:, 0], planes[:, 1]).std(0, ddof=1)
        foretold = planes[0, 2] / 1.645
        strong = IMAGE > 0.3
        assert np.corrcoef(spread[strong], foretold[strong])[0, 1] > 0.5
        assert np.median(spread[strong]) == pytest.approx(np.median(foretold[strong]), rel=0.2)


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [("magic", {}, "no method"), ("l1-wavelet", {}, "Cartesian"), ("sense", {"rows": 3}, "rows and columns")],
)
def test_requests_that_cannot_be_done(method, parameters, words) -> None:
    assert words in model.problem_with(method, parameters, True, ["sense", "l1-wavelet"])


def test_a_half_echo_with_a_calibration_region_calibrates_coils() -> None:
    """The fully sampled block begins at the centre of k-space; half of it is missing."""
    mask = np.zeros(SHAPE, bool)
    mask[SHAPE[0] // 2 :] = EVERY_THIRD
    kspace = multicoil(IMAGE, 8, noise=NOISE) * mask
    maps = model.coil_maps(kspace, mask, NOISE)
    equal = np.full(maps.shape, 8**-0.5)
    truth = to_image(multicoil(IMAGE, 8))
    inside = IMAGE > 0.2

    def explained(found):
        return np.linalg.norm((found.conj() * truth).sum(0)[inside]) / np.linalg.norm(truth[:, inside])

    assert explained(maps) > 0.97 > explained(equal)
