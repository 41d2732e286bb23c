"""Impossible headers are refused."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.tasks.mr.header import series_facts
from recon.v1 import common_pb2
from tests.tasks.mr.streams import header


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coils": 0}, "coils"),
        ({"coils": 129}, "coils"),
        ({"samples": 8}, "samples"),
        ({"lines": 2000}, "lines"),
        ({"slices": 0}, "slices"),
        ({"averages": 5000}, "averages"),
        ({"trajectory": 0}, "trajectory"),
        ({"trajectory": 2}, "rows"),
        ({"rows": 90, "columns": 80}, "rows"),
        ({"rows": 96}, "rows"),
        ({"noise_std": -1.0}, "noise_std"),
        ({"noise_std": float("nan")}, "noise_std"),
        ({"survival": True, "probes": common_pb2.PROBES_OFF}, "survival"),
    ],
)
def test_impossible_headers(kspace, changes, field) -> None:
    with pytest.raises(InvalidRequest) as caught:
        series_facts(header(kspace, **changes))
    assert caught.value.field == field


def test_noise_is_bounded() -> None:
    with pytest.raises(InvalidRequest, match=r"noise_std is 1e\+30; .* 0 \(unknown\) to 1e\+09"):
        series_facts(header(np.empty((8, 320, 320), np.complex64), noise_std=1e30))
