"""Inputs for the benchmark, of the extent that is asked for."""

from __future__ import annotations

import pytest

from recon.errors import InvalidRequest
from recon.tasks.registry import task_of
from recon.tasks.sample import Extent


def test_a_sample_has_the_extent_that_is_asked_for() -> None:
    (kspace,) = task_of("mr").sample(0, 300, Extent(320, 16)).inputs
    assert (kspace.slices, kspace.coils, kspace.image_shape) == (300, 16, (320, 320))
    assert task_of("ct").sample(0, 2, Extent(64)).inputs[0].values.shape == (2, 64, 64)
    assert task_of("contrast").sample(0, 5, Extent(64)).inputs[1].values.shape == (5, 64, 64)
    for task in ("ct", "contrast"):
        with pytest.raises(InvalidRequest, match="no coils"):
            task_of(task).sample(0, 5, Extent(coils=4))
