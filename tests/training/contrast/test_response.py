"""Lesions in the features are what the service would compute of lesions in the scans."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.tasks.contrast.features import REACH, SIGMAS, conditions, smoothed_differences
from recon.training.contrast import response
from recon.training.contrast.sampler import PairPatches

_SLICES = 2 * REACH + 1


@pytest.fixture(scope="module")
def known() -> np.ndarray:
    return response.shapes(12, np.random.default_rng(0))


def _patches(batch: int = 4, side: int = 96, dose: float = 0.1) -> PairPatches:
    features = torch.zeros(batch, 2 * _SLICES + len(SIGMAS) + 1, side, side)
    features[:, :_SLICES] = 0.8
    plane = torch.zeros(batch, 1, side, side)
    facts = torch.from_numpy(np.tile(conditions(0.01, dose), (batch, 1)))
    share = torch.full((batch, 1, 1, 1), 1 - dose / 2)
    return PairPatches(features, facts, plane, plane, share, torch.ones_like(plane))


def test_shapes_are_smoothed_as_the_features_are(known: np.ndarray) -> None:
    assert known.shape == (12, 1 + len(SIGMAS), 31, 31, 31)
    for shape in known[:3]:
        wanted = smoothed_differences(np.pad(shape[0], 10), 1.0)
        for made, smooth in zip(shape[1:], wanted, strict=True):
            np.testing.assert_allclose(made, smooth[10:-10, 10:-10, 10:-10], atol=0.03)


def test_a_lesion_is_in_difference_mean_and_truth_alike(known: np.ndarray) -> None:
    plain = _patches()
    made = response.with_lesions(plain, known, np.random.default_rng(1))
    change = made.patches.features - plain.features
    middle = slice(_SLICES + REACH, _SLICES + REACH + 1)
    torch.testing.assert_close(change[:, middle], made.added)
    torch.testing.assert_close(change[:, REACH : REACH + 1], 0.05 * made.added)  # half of a tenth of the dose
    torch.testing.assert_close(made.patches.enhancement, made.added)
    # image = mean + share x enhancement must be pre + enhancement again
    image = made.patches.features[:, REACH : REACH + 1] + made.patches.share * made.patches.enhancement
    torch.testing.assert_close(image, 0.8 + made.added, atol=1e-5, rtol=0)
    assert float(change[:, -1].abs().max()) == 0.0  # what anatomy explains knows no lesion


def test_heights_and_cores_lie_in_the_lesions(known: np.ndarray) -> None:
    made = response.with_lesions(_patches(), known, np.random.default_rng(2))
    inside, core = made.inside > 0, made.core > 0
    assert 0.002 < float(inside.float().mean()) < 0.3
    assert float(made.added[core].min()) > 0.01
    assert float(made.height[inside].max()) < 1.0
    assert float(made.height[~inside].min()) == 1e3


def test_the_loss_weighs_faint_lesions_like_bright_ones(known: np.ndarray) -> None:
    made = response.with_lesions(_patches(), known, np.random.default_rng(3))
    nothing = torch.zeros_like(made.added)
    assert float(response.loss(made.added, nothing, made)) == pytest.approx(0.0, abs=1e-9)
    half = float(response.loss(0.5 * made.added, nothing, made))
    none = float(response.loss(nothing, nothing, made))
    assert none == pytest.approx(4 * half, rel=1e-4)
    faint = response.Lesions(made.patches, 0.1 * made.added, made.inside, 0.1 * made.height, made.core)
    assert float(response.loss(nothing, nothing, faint)) == pytest.approx(none, rel=1e-4)
