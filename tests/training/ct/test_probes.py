"""Probes are what they say, and the loss sees what a denoiser does to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.training.ct import probes
from recon.training.ct.pairs import Patches


def _patches(batch: int = 8, side: int = 96, noise_hu: float = 20.0) -> Patches:
    full = torch.full((batch, 1, side, side), 50.0)
    values = (torch.full((batch,), value) for value in (noise_hu, 0.3, 0.7))
    return Patches(full, full, *values)


def test_probes_have_one_contrast_a_patch_of_the_order_of_the_noise() -> None:
    drawn = probes.draw(_patches(32), np.random.default_rng(0))
    heights = drawn.abs().amax((1, 2, 3))
    assert float(heights.min()) > 1.0  # blurred by the kernel, so below the 5 HU drawn
    assert float(heights.max()) < 1.4 * 4 * 20
    assert float(heights.std()) > 5.0
    for patch in drawn:
        assert float(patch.max()) * float(patch.min()) > -0.05 * float(patch.abs().max()) ** 2  # one sign each


def test_probes_of_a_wide_kernel_are_sharper() -> None:
    soft = probes.draw(_patches(), np.random.default_rng(1))
    patches = _patches()
    sharp = probes.draw(Patches(**(vars(patches) | {"cutoff": torch.full((8,), 0.8)})), np.random.default_rng(1))
    slopes = [float(p.diff(dim=-1).abs().max() / p.abs().max()) for p in (soft, sharp)]
    assert slopes[1] > 1.2 * slopes[0]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_that_is_kept_is_found_in_spite_of_ringing(share: float) -> None:
    patches = _patches()
    drawn = probes.draw(patches, np.random.default_rng(2))
    elsewhere = torch.roll(drawn, 48, -1) * (drawn == 0)
    found = probes.kept(share * drawn + 0.2 * elsewhere, drawn, patches.full)
    assert bool(found.counts.all())
    torch.testing.assert_close(found.share, torch.full((8,), share), atol=0.05, rtol=0)
    assert float(found.loss()) == pytest.approx((1 - share) ** 2, abs=0.06)


def test_probes_in_air_do_not_count() -> None:
    patches = _patches()
    drawn = probes.draw(patches, np.random.default_rng(3))
    found = probes.kept(0 * drawn, drawn, torch.full_like(patches.full, -1000.0))
    assert float(found.loss()) == 0.0


def test_lesions_are_where_probes_are_high() -> None:
    drawn = probes.draw(_patches(), np.random.default_rng(4))
    inside = probes.lesions(drawn)
    assert 0.002 < float(inside.mean()) < 0.3
    assert float(drawn.abs()[inside > 0].mean()) > 5 * float(drawn.abs()[inside == 0].mean())
