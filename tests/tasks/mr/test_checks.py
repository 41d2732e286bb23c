"""A good scan passes and bad ones do not."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from tests.conftest import head, multicoil
from tests.tasks.mr.streams import failed, work_of


def test_a_good_scan_passes_and_bad_ones_do_not(kspace) -> None:
    assert failed(work_of(kspace)) == set()
    sparse = np.arange(80) % 20 == 0
    assert {"acceleration", "calibration_region"} <= failed(work_of(kspace, lines=sparse))
    assert "data_consistency" in failed(work_of(kspace), lambda planes: planes[4].fill(0.05))
    assert "mean_uncertainty" in failed(work_of(kspace), lambda planes: planes[2:4].fill(planes[0].max()))
    assert failed(work_of(kspace), lambda planes: planes[2:4].fill(np.nan)) == {"mean_uncertainty"}


def test_an_object_that_reaches_over_the_edge_is_seen() -> None:
    wide = np.roll(head((96, 80)), 40, axis=1)
    assert failed(work_of(multicoil(wide, 6, noise=0.002))) == {"wrap_around"}


def test_a_noise_scan_that_does_not_fit_is_seen() -> None:
    smooth = multicoil(gaussian_filter(head((96, 80)), 1.5), 6, noise=0.02)
    assert failed(work_of(smooth, noise_std=0.02)) == set()
    assert failed(work_of(smooth, noise_std=0.05)) == {"noise_scan_agreement"}
