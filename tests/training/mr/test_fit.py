"""The loss asks for what is wanted, and a step lowers it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.mr_unrolled import UnrolledNetwork, UnrolledResult, root_sum_of_squares
from recon.physics import sampling
from recon.training.mr.coils import receive_maps
from recon.training.mr.fit import loss, similarity
from recon.training.mr.sampler import acquire


@pytest.fixture(scope="module")
def scan():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:64j, -1:1:56j]
    image = ((np.hypot(x / 0.7, y / 0.8) < 1) * (1 + 0.4 * np.sin(12 * x) * np.cos(9 * y))).astype(np.complex64)
    mask = np.broadcast_to(sampling.equispaced(56, 4, 14), (64, 56))
    return acquire(image, receive_maps(4, rng), mask, 0.005, rng)


def truth_like(scan, factor: float, width: float) -> UnrolledResult:
    truth = root_sum_of_squares(scan.coil_images)
    maps = scan.coil_images / (truth + 1e-6)
    combined = (maps.conj() * scan.coil_images).sum(0)
    return UnrolledResult(factor * combined[None], torch.full((2, 64, 56), width), maps, 0.8 * combined)


def test_the_truth_with_a_narrow_interval_costs_least(scan) -> None:
    best = float(loss(truth_like(scan, 1.0, 1e-4), scan))
    assert best < 0.05
    assert float(loss(truth_like(scan, 0.9, 1e-4), scan)) > best + 0.3
    assert float(loss(truth_like(scan, 1.0, 0.5), scan)) > best + 0.05


def test_an_interval_that_covers_costs_less_than_one_that_does_not(scan) -> None:
    wrong = truth_like(scan, 0.9, 1e-4)
    wide = UnrolledResult(wrong.estimates, 0.11 * root_sum_of_squares(scan.coil_images).expand(2, -1, -1), *wrong[2:])
    assert float(loss(wide, scan)) < float(loss(wrong, scan))


def test_similarity_of_an_image_with_itself_is_one() -> None:
    image = torch.rand(40, 40, generator=torch.Generator().manual_seed(0))
    assert float(similarity(image, image)) == pytest.approx(1, abs=1e-3)
    assert float(similarity(image, 1 - image)) < 0.3


def test_steps_lower_the_loss(scan) -> None:
    torch.manual_seed(0)
    network = UnrolledNetwork((8, 8), (1, 1), 2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    found = []
    for _ in range(12):
        optimizer.zero_grad()
        value = loss(network(scan.kspace, scan.mask, scan.calibration), scan)
        value.backward()
        optimizer.step()
        found.append(float(value.detach()))
    assert found[-1] < 0.97 * found[0]
