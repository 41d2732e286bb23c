"""A drawn scan is what its coils would have measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.mr_unrolled import root_sum_of_squares, to_kspace
from recon.physics import sampling
from recon.training.mr import objects
from recon.training.mr.coils import receive_maps
from recon.training.mr.sampler import MOST_COILS, ScanSampler, acquire, compressed


@pytest.fixture(scope="module")
def sampler(volumes):
    return ScanSampler(objects.build_pool(volumes, 6, 0), 12, 0)


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
