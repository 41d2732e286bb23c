"""Repeated readouts become their mean, whatever the order."""

from __future__ import annotations

import numpy as np

from recon.values.averaging import Averaging


def test_parts_of_lines_are_averaged_where_they_overlap() -> None:
    averaging = Averaging(4, 2, 10)
    averaging.add_part(1, 0, np.full((2, 6), 2, np.complex64))
    averaging.add_part(1, 4, np.full((2, 6), 4, np.complex64))
    mean = averaging.mean()
    np.testing.assert_array_equal(mean.samples[1, 0].real, [2, 2, 2, 2, 3, 3, 4, 4, 4, 4])
    np.testing.assert_array_equal(mean.counts[1], [1, 1, 1, 1, 2, 2, 1, 1, 1, 1])
    assert list(mean.mask.any(axis=1)) == [False, True, False, False]


def test_means_of_groups_are_the_mean_of_all() -> None:
    rng = np.random.default_rng(0)
    single = (rng.normal(size=(7, 3, 5)) + 1j * rng.normal(size=(7, 3, 5))).astype(np.complex64)
    grouped = Averaging(2, 3, 5)
    for part in (single[:2], single[2:6], single[6:]):
        grouped.add(np.array([1]), part.mean(0)[None], np.full((1, 5), len(part), np.uint16))
    mean = grouped.mean()
    np.testing.assert_allclose(mean.samples[1], single.mean(0), rtol=1e-5, atol=1e-6)
    assert (mean.counts[1] == 7).all()
    assert mean.averaged == np.float64(np.sqrt(1 / 7))
