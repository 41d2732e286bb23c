"""A door with a service that takes the root of the sum of squares."""

from __future__ import annotations

import pytest

from tests.doors.mrd.scans import FakeClient, opened


@pytest.fixture
def client():
    return FakeClient()


@pytest.fixture
def door(client):
    with opened(client) as server:
        yield server
