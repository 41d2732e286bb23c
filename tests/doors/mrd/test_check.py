"""The check of a door tells right from wrong."""

from __future__ import annotations

from recon.doors.mrd.check import check
from recon.errors import InvalidRequest
from tests.doors.mrd.scans import FakeClient, opened


def test_the_check_tells_right_from_wrong() -> None:
    client = FakeClient()
    with opened(client) as door:
        assert check(door.address, 20).is_right
        client.failure = InvalidRequest("no")
        outcome = check(door.address, 20)
        assert not outcome.is_right
        assert outcome.errors
