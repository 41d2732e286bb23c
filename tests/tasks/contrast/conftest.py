"""A pair of scans."""

from __future__ import annotations

import pytest

from recon.volumes import Volume
from tests.tasks.contrast.phantom import scans, uptake


@pytest.fixture(scope="module")
def pair() -> tuple[Volume, Volume]:
    return scans(uptake(), noise=0.008)
