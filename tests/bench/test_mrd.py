"""The door is measured beside the gRPC way, with the same k-space."""

from __future__ import annotations

import pytest

from recon.bench.mrd import measure
from recon.cli.session import own_service


@pytest.mark.service
def test_every_slice_comes_back_and_is_timed() -> None:
    (scan,) = measure(own_service, coils=(4,), slices=4)["scans"]
    assert scan["megabytes_a_slice"] == round(4 * 256 * 256 * 8 / 1e6, 1)
    assert 0 < scan["door_ms"] <= scan["door_ms_most"]
    assert scan["grpc_ms"] > 0
    assert scan["mb_per_s"] > 0
