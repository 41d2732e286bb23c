"""A readers' book that nothing has been written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.reading.book import NAME, Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / NAME)
