"""A file to be filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.io.mrd.scans import Writer, xml


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "scan.h5", xml())
