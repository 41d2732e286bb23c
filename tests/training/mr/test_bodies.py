"""Simulated scans of more than heads: CT turned into MR contrasts, slabs, body arrays, many coils."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import torch

from recon.networks.mr_unrolled import root_sum_of_squares
from recon.physics import sampling
from recon.training.mr import anatomy, objects, tissues
from recon.training.mr.coils import HEAD_MM, TRUNK_MM, receive_maps, uniform_map
from recon.training.mr.phase import body_phase
from recon.training.mr.sampler import MOST_COILS, acquire, compressed
from recon.training.mr.served import served_sensitivities


@pytest.fixture(scope="module")
def trunk(tmp_path_factory):
    """A slab of CT: muscle within fat within air, a couch below."""
    x, y, _ = np.mgrid[-1:1:150j, -1:1:120j, 0:1:12j]
    radius = np.hypot(x / 0.8, y / 0.7)
    hounsfield = np.where(radius < 0.8, 55.0, np.where(radius < 1, -105.0, -1000.0))
    hounsfield[:, :6] = 100.0
    folder = tmp_path_factory.mktemp("ct")
    nib.save(nib.Nifti1Image(hounsfield.astype(np.int16), np.diag([2.6, 2.6, 2.0, 1.0])), folder / "trunk.nii.gz")
    source = anatomy.MrSource(name="trunk", path="trunk.nii.gz", form="body", hounsfield=True)
    return anatomy.load([source], [folder])


def test_a_slab_is_cut_along_itself_and_the_couch_is_gone(trunk) -> None:
    assert trunk[0].normals() == [2]
    plane = anatomy.draw_plane(trunk, (128, 128), 1.0, np.random.default_rng(1))
    inside = plane.values > -400
    assert 0.1 < inside.mean() < 0.95
    restored = trunk[0].coefficients
    assert restored[:, 2:5].max() < -500  # where the couch was


def test_tissues_are_told_apart_by_their_attenuation() -> None:
    plane = np.array([[-1000.0, -800.0, -105.0, 55.0, 1200.0]])
    magnitudes = []
    for seed in range(20):
        magnitude, fat = tissues.from_hounsfield(plane, np.random.default_rng(seed))
        air, lung, _, muscle, dense = magnitude[0]
        assert air == 0
        assert lung <= 0.12
        assert dense <= 0.1
        assert muscle > 0.1
        np.testing.assert_array_equal(fat[0] > 0.5, [False, False, True, False, False])
        magnitudes.append(magnitude[0, 2] > magnitude[0, 3])
    assert 0 < sum(magnitudes) < 20  # fat is brighter in some contrasts and darker in others


def test_an_object_of_a_slab_has_signal_and_a_dark_surround(trunk) -> None:
    image = objects.draw_object(trunk, (120, 110), np.random.default_rng(3))
    assert image.shape == (120, 110)
    assert np.isfinite(image).all()
    assert 0.05 < (np.abs(image) > 0.1).mean() < 0.98


def test_metal_turns_the_phase_within_a_pixel_now_and_then() -> None:
    magnitude = np.ones((96, 96), np.float32)
    steps = [np.abs(np.diff(body_phase(magnitude, 1.0, np.random.default_rng(s)), axis=0)).max() for s in range(40)]
    assert 1 <= sum(step > 1.5 for step in steps) <= 15
    assert np.median(steps) < 0.3


def test_an_array_for_a_trunk_reaches_its_middle() -> None:
    for body in (HEAD_MM, TRUNK_MM):
        maps = receive_maps(8, np.random.default_rng(0), body)
        combined = np.sqrt((np.abs(maps) ** 2).sum(0))
        assert np.median(combined[12:-12, 12:-12]) == pytest.approx(1, rel=1e-3)
    assert np.abs(np.abs(uniform_map(np.random.default_rng(0))) - 1).max() < 0.6


def test_many_coils_become_twelve_that_keep_the_image() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = (np.hypot(x, y) < 0.8).astype(np.complex64)
    mask = np.broadcast_to(sampling.equispaced(64, 2, 20), (64, 64))
    scan = acquire(image, receive_maps(32, rng), mask, 0.002, rng)
    fewer = compressed(scan)
    assert len(fewer.kspace) == len(fewer.coil_images) == MOST_COILS
    before, after = (root_sum_of_squares(s.coil_images)[np.hypot(x, y) < 0.7] for s in (scan, fewer))
    torch.testing.assert_close(after, before, rtol=0.15, atol=0.0)
    assert compressed(fewer) is fewer


def test_training_can_use_the_sensitivities_that_are_served() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = (np.hypot(x, y) < 0.9).astype(np.complex64)
    truth = receive_maps(4, rng)
    scan = acquire(image, truth, np.ones((64, 64), bool), 0.002, rng)
    maps = served_sensitivities(scan.kspace.numpy(), np.ones((64, 64), bool))
    inside = np.hypot(x, y) < 0.8
    coils = scan.coil_images.numpy()[:, inside]
    explained = np.abs((maps[:, inside].conj() * coils).sum(0)) / np.sqrt((np.abs(coils) ** 2).sum(0))
    assert explained.mean() > 0.98
