"""Figures of a perfect and of an empty answer."""

from __future__ import annotations

import pytest

from recon.training.contrast.metrics import contrast_recovery, false_enhancement, lesion_mask, lesion_volume_ratio, psnr
from tests.tasks.contrast.phantom import head, uptake


def test_figures_of_a_perfect_and_of_an_empty_answer() -> None:
    truth, mask = uptake(), head() > 0
    lesion = lesion_mask(truth, mask)
    assert lesion[27, 61, 51]
    assert psnr(truth, truth) > 100
    assert lesion_volume_ratio(truth, truth, lesion) == pytest.approx(1.0)
    assert contrast_recovery(0.5 * truth, truth, lesion) == pytest.approx(0.5)
    assert false_enhancement(truth, truth, mask) < 0.002
    assert false_enhancement(truth + 0.3, truth, mask) > 0.5
