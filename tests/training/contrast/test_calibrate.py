"""What is calibrated is what is served."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks.contrast_enhancer import ContrastEnhancer
from recon.quality.conformal import TooFewSamples, measured_coverage
from recon.training.contrast.anatomy import HeadSource
from recon.training.contrast.apply import apply
from recon.training.contrast.calibrate import Voxels, calibrate
from recon.training.contrast.recipe import ContrastRecipe
from tests.tasks.contrast.phantom import scans, uptake


def _voxels(doubtful_share: float, seed: int = 0) -> Voxels:
    """Errors twice as large as the widths say; some voxels are doubtful, and some of these were lowered."""
    rng = np.random.default_rng(seed)
    width = rng.uniform(0.01, 0.1, 200_000).astype(np.float32)
    doubtful = np.where(rng.random(width.shape) < doubtful_share, 0.2, 0).astype(np.float32)
    moved = (doubtful * rng.random(width.shape)).astype(np.float32)
    return Voxels(np.abs(rng.normal(0, 2 * width)) + moved, width, moved, doubtful)


@pytest.mark.parametrize("doubtful_share", [0.0, 0.05, 0.5])
def test_the_factor_makes_what_is_served_cover_what_it_states(doubtful_share: float) -> None:
    voxels, others = _voxels(doubtful_share), _voxels(doubtful_share, seed=1)
    assert voxels.factor > 1.5
    assert measured_coverage(others.error, others.half_width(voxels.factor)) == pytest.approx(0.9, abs=0.005)


def test_several_scenes_are_one() -> None:
    both = Voxels.of([_voxels(0.1), _voxels(0.2)])
    assert len(both.error) == len(both.doubtful) == 400_000


def test_parts_make_the_served_interval() -> None:
    torch.manual_seed(3)
    network = ContrastEnhancer((8, 16, 16), (1, 1, 1)).eval()
    made = apply(network, *scans(uptake()), 0.1, 1.3, [20], trust=True)
    width, moved, doubtful = made.parts([20])
    found = Voxels(width, width, moved, doubtful).half_width(1.3)[0]
    np.testing.assert_allclose(found[made.pair.box], made.uncertainty([20])[0][made.pair.box], rtol=1e-5)
    assert width[0][made.pair.box].any()


def test_without_a_pair_there_is_nothing_to_calibrate_on() -> None:
    recipe = ContrastRecipe(steps=1, sources=[], held_out=[HeadSource(name="one", pre="one.nii.gz")])
    with pytest.raises(TooFewSamples, match="no pair of scans is held out"):
        calibrate({}, recipe, [])
