"""The door is measured beside the gRPC way, with the same k-space."""

from __future__ import annotations

import pytest

from recon.bench.mrd import measure
from recon.cli.own_door import own_door


@pytest.mark.service
def test_every_slice_comes_back_and_is_timed() -> None:
    (scan,) = measure(own_door, coils=(4,), slices=4, mb_per_s=50)["scans"]
    assert scan["megabytes_a_slice"] == round(4 * 256 * 256 * 8 / 1e6, 1)
    assert 0 < scan["door_ms"] <= scan["door_ms_most"]
    assert 0 < scan["grpc_ms"] <= scan["grpc_ms_most"]
    assert scan["grpc_whole_ms"] > 0
    assert scan["mb_per_s"] > 0
