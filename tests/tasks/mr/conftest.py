"""A scan by several coils."""

from __future__ import annotations

import pytest

from tests.conftest import head, multicoil


@pytest.fixture
def kspace():
    return multicoil(head((96, 80)), 6, noise=0.002)
