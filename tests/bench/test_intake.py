"""What is sent in is what is counted."""

from __future__ import annotations

import pytest

from recon.bench import intake
from recon.cli.session import own_service


def test_headers_are_sorted_out_into_their_series() -> None:
    found = intake.headers(450, 60)
    assert (found["files"], found["series"]) == (450, 3)
    assert found["files_per_s"] > 0
    assert found["files_per_cpu_s"] > 0


@pytest.mark.long
def test_kspace_goes_through_the_service() -> None:
    found = intake.kspace(own_service, coils=4, slices=2, rounds=2)
    assert found["megabytes"] == round(4 * 2 * 256 * 256 * 8 / 1e6, 1)
    assert found["mb_per_s_least"] <= found["mb_per_s"] <= found["mb_per_s_most"]
