"""Simulated scans obey physics."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import torch

from recon.networks.mr_unrolled import root_sum_of_squares, to_kspace
from recon.training.mr import anatomy, objects, structure
from recon.training.mr.coils import noise_mixing, receive_maps
from recon.training.mr.masks import draw_discs, poisson_disc, random_mask
from recon.training.mr.phase import filtered_noise, object_phase, smooth_phase
from recon.training.mr.sampler import ScanSampler, acquire


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """A head of shells and blobs as a NIfTI file, read as a recipe's source is."""
    x, y, z = np.mgrid[-1:1:60j, -1:1:70j, -1:1:56j]
    radius = np.sqrt((x / 0.75) ** 2 + (y / 0.85) ** 2 + (z / 0.9) ** 2)
    head = (radius < 1) * (0.6 + 0.3 * np.sin(8 * x) * np.cos(7 * y) * np.cos(6 * z)) + (abs(radius - 0.93) < 0.05)
    folder = tmp_path_factory.mktemp("data")
    nib.save(nib.Nifti1Image((1000 * head).astype(np.int16), np.diag([3.2, 3.0, 3.4, 1.0])), folder / "head.nii.gz")
    return anatomy.load([anatomy.MrSource(name="head", path="head.nii.gz")], [folder])


@pytest.fixture(scope="module")
def sampler(volumes):
    return ScanSampler(objects.build_pool(volumes, 6, 0), 12, 0)


def test_a_missing_source_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.nii"):
        anatomy.load([anatomy.MrSource(name="gone", path="gone.nii")], [tmp_path])


def test_an_object_fills_its_matrix_and_is_not_cut_off(volumes) -> None:
    for seed in range(6):
        drawn = anatomy.draw_plane(volumes, (100, 90), 1.5, np.random.default_rng(seed))
        plane = drawn.values
        assert plane.shape == (150, 135)
        assert drawn.volume.scalp
        assert 0.3 < drawn.pixel_mm < 2.5
        edge = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
        assert (edge > 0.1).mean() < 0.25
        assert (plane > 0.1).mean() > 0.15


def test_a_scan_is_what_its_coil_images_look_like_through_noise_and_mask(sampler) -> None:
    for seed in range(8):
        sampler.rng = np.random.default_rng(seed)
        scan = sampler.draw()
        assert scan.kspace.shape == scan.coil_images.shape
        assert not scan.kspace[:, scan.mask == 0].any()
        difference = (scan.kspace - to_kspace(scan.coil_images) * scan.mask)[:, scan.mask > 0]
        bright = float(np.percentile(root_sum_of_squares(scan.coil_images), 98))
        level = float(difference.abs().square().mean().sqrt()) / bright
        assert 0.0015 < level < 0.05, level


def test_the_same_draw_gives_the_same_scan(sampler) -> None:
    sampler.rng = np.random.default_rng(5)
    first = sampler.draw()
    sampler.rng = np.random.default_rng(5)
    torch.testing.assert_close(first.kspace, sampler.draw().kspace)


def test_noise_has_the_stated_variance_over_all_coils() -> None:
    rng = np.random.default_rng(0)
    image = np.ones((64, 64), np.complex64)
    scan = acquire(image, receive_maps(8, rng), np.ones((64, 64), bool), 0.02, rng)
    noise = scan.kspace - to_kspace(scan.coil_images)
    bright = np.percentile(root_sum_of_squares(scan.coil_images), 98)
    assert float(noise.abs().square().mean().sqrt()) == pytest.approx(0.02 * bright, rel=0.03)


def test_noise_is_correlated_and_uneven_but_normalised() -> None:
    mixings = [noise_mixing(6, np.random.default_rng(seed)) for seed in range(20)]
    for mixing in mixings:
        assert float((np.abs(mixing) ** 2).sum()) == pytest.approx(6, rel=1e-4)
    covariance = mixings[0] @ mixings[0].conj().T
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() > 0.01


@pytest.mark.parametrize("coils", [1, 2, 8, 32])
def test_receive_maps_are_smooth_and_normalised(coils) -> None:
    for seed in range(3):
        maps = receive_maps(coils, np.random.default_rng(seed))
        assert maps.shape == (coils, 48, 48)
        combined = np.sqrt((np.abs(maps) ** 2).sum(0))
        assert np.median(combined[12:-12, 12:-12]) == pytest.approx(1, rel=1e-3)
        middle = maps[:, 12:-12, 12:-12]  # outside lie the conductors
        assert np.abs(np.diff(middle, axis=1)).mean() < 0.15 * np.abs(middle).mean()


def test_a_loop_receives_most_near_itself(monkeypatch) -> None:
    """On the axis of a loop the field falls off as (1 + (d/r)²)^-1.5 and lies along the axis."""
    from recon.training.mr import coils

    monkeypatch.setattr(coils, "_WIRE_MM", 0.0)
    distance = np.array([0.0, 30.0, 80.0])
    points = np.stack([distance, 0 * distance, 0 * distance], -1)[None]
    field = coils._field(points, np.zeros(3), np.array([1.0, 0.0, 0.0]), 50.0)[0]
    expected = (1 + (distance / 50.0) ** 2) ** -1.5
    np.testing.assert_allclose(field / field[0], expected, atol=1e-6)


def test_phase_is_smooth_unless_it_is_meant_to_be_rough() -> None:
    phase = smooth_phase((128, 128), np.random.default_rng(0), 1.0)
    assert np.abs(np.diff(phase, axis=0)).max() < 0.3
    magnitude = np.ones((96, 96), np.float32)
    steps = [np.abs(np.diff(object_phase(magnitude, 1.0, np.random.default_rng(s)), axis=0)).max() for s in range(12)]
    assert max(steps) > 0.3
    assert filtered_noise((50, 70), 12.0, np.random.default_rng(0)).shape == (50, 70)


def test_masks_cover_accelerations_and_always_show_the_centre() -> None:
    rng = np.random.default_rng(0)
    discs = draw_discs(2, 0)
    found = []
    for _ in range(60):
        mask = random_mask((128, 112), rng, discs)
        found.append(mask.size / mask.sum())
        assert mask[64 - 5 : 64 + 5, 56 - 5 : 56 + 5].all()
    assert min(found) < 1.8
    assert max(found) > 4.0


def test_poisson_disc_reaches_its_acceleration() -> None:
    for acceleration in (3.0, 6.0):
        mask = poisson_disc((160, 160), acceleration, 20, 1)
        assert mask.size / mask.sum() == pytest.approx(acceleration, rel=0.35)


def test_lesions_are_inside_the_head() -> None:
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    clean = (np.hypot(x, y) < 0.7).astype(np.float32)
    for seed in range(10):
        changed = structure.add_lesions(clean, 1.0, np.random.default_rng(seed))
        assert (changed != clean).any()
        assert not (changed[clean == 0] != 0).any()


def test_the_pool_gives_back_what_was_drawn(volumes, tmp_path) -> None:
    pool = objects.build_pool(volumes, 3, 7)
    objects.save_pool(pool, tmp_path / "objects.npz")
    again = objects.load_pool(tmp_path / "objects.npz")
    rng = np.random.default_rng((7, 2))
    drawn = objects.draw_object(volumes, objects.random_shape(rng), rng)
    np.testing.assert_allclose(again.get(2), drawn, atol=2e-3)
