"""Limits are proposed where readers decide by them, and nowhere else."""

from __future__ import annotations

from recon.reading.decisions import Choice
from recon.reading.limits import propose
from tests.reading.decided import decision


def reports(noise: list[float]) -> dict[tuple[str, str], dict[str, object]]:
    return {
        (f"r{place}", "aa"): {
            "task": "ct",
            "checks": [
                {"name": "noise_level", "value": value, "lower_limit": None, "upper_limit": 60.0, "unit": "HU"},
                {
                    "name": "luck",
                    "value": float(place * 7 % 5),
                    "lower_limit": None,
                    "upper_limit": 9.0,
                    "unit": "",
                },
            ],
        }
        for place, value in enumerate(noise)
    }


def test_limits_are_proposed_where_readers_decide_by_them() -> None:
    noise = [20.0 + place / 2 for place in range(30)] + [45.0 + place for place in range(10)]
    given = [decision(n, f"r{n}", "Ada", Choice.ACCEPT if n < 30 else Choice.REJECT) for n in range(40)]
    found = {line.check: line for line in propose(reports(noise), given)}
    line = found["noise_level"]
    assert line.proposed is not None
    assert 30 <= line.proposed <= 35
    assert (line.found_now, line.found_then) == (0, 10)
    assert line.alarms_then == 3  # one in ten of thirty
    assert found["luck"].proposed is None
    assert "does not tell" in found["luck"].words


def test_few_decisions_propose_nothing_and_disputed_ones_do_not_count() -> None:
    noise = [20.0 + place for place in range(40)]
    few = [decision(n, f"r{n}", "Ada", Choice.ACCEPT if n < 15 else Choice.REJECT) for n in range(20)]
    assert all(line.proposed is None and "too few" in line.words for line in propose(reports(noise), few))
    disputed = [decision(50 + n, f"r{n}", "Bob", Choice.LOOK) for n in range(20)]
    assert propose(reports(noise), [*few, *disputed]) == []
