"""What the counts of a run make of its exit status."""

from __future__ import annotations

import pytest

from recon.batch.states import exit_status


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"done": 3}, 0),
        ({"done": 3, "skipped": 2}, 0),
        ({"done": 3, "skipped": 2, "unstable": 1}, 1),
        ({"done": 3, "failed": 1}, 1),
        ({"done": 3, "rejected": 1}, 1),
        ({"done": 3, "pending": 1}, 1),
        ({"done": 3, "running": 1}, 1),
        ({"skipped": 4}, 2),
        ({}, 2),
    ],
)
def test_only_a_whole_run_is_zero(counts: dict[str, int], status: int) -> None:
    assert exit_status(counts) == status
