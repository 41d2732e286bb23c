"""k-space for load: under-sampled by four, different from slice to slice, the same every time."""

from __future__ import annotations

import numpy as np

from recon.tasks.mr.sample import mr_kspace, sample, sampled_lines
from recon.tasks.sample import Extent


def test_every_fourth_line_and_the_centre() -> None:
    lines = sampled_lines(128)
    assert lines[::4].all()
    assert lines[52:76].all()
    assert lines.sum() == 32 + 18


def test_slices_differ_and_are_the_same_each_time() -> None:
    one, again = (mr_kspace(3, 2, 64, 2) for _ in range(2))
    first, second = (one.load(index).samples for index in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, again.load(0).samples)


def test_a_sample_has_the_extent_that_is_asked_for() -> None:
    (kspace,) = sample(0, 2, Extent(matrix=64, coils=3)).inputs
    assert (kspace.slices, kspace.coils, kspace.samples, kspace.lines) == (2, 3, 64, 64)
    assert kspace.load(0).samples.shape[1] == 3
