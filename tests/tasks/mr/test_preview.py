from __future__ import annotations

import numpy as np

from recon.tasks.mr.preview import mr_preview

IMAGE = np.linspace(1, 100, 1024, dtype=np.float32).reshape(32, 32)


def test_a_method_without_an_interval_shows_none() -> None:
    with_interval, without = (mr_preview(IMAGE, IMAGE, width, "t") for width in (IMAGE / 10, IMAGE * np.nan))
    assert (with_interval.width, without.width) == (4 * 512, 3 * 512)


def test_another_scale_of_the_samples_is_no_difference() -> None:
    page = np.asarray(mr_preview(7 * IMAGE, IMAGE, IMAGE, "t"))
    np.testing.assert_allclose(page[-256, 2 * 512 + 256], 127, atol=1)
