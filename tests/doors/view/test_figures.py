"""What a site learns from its results: charts by scanner and protocol, months, agreement."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from recon.doors.view.case import Case
from recon.doors.view.figures import agreement, drift


def case(number: int, noise: object, *, task: str = "ct", scanner: str = "Acme", spent: object = 400.0) -> Case:
    report = {
        "task": task,
        "checks": [{"name": "noise_level", "value": noise, "unit": "HU", "outcome": "PASS"}],
        "slices": {"total": 4},
        "timings_ms": {"total": spent},
    }
    facts = {"Manufacturer": scanner, "ProtocolName": "Chest"}
    day = date(2026, 1 + number // 20, 1 + number % 20)
    return Case(Path(f"/r/{number}"), report, "ab", "PASS", "", datetime(2026, 3, 1), (), facts, day)


def test_each_scanner_and_protocol_has_its_charts() -> None:
    cases = [case(number, 20.0 + number % 3) for number in range(30)]
    cases += [case(number, 30.0, scanner="Other") for number in range(2)]
    one, other = drift(cases)["groups"]
    assert (one["task"], one["scanner"], one["protocol"], one["results"]) == ("ct", "Acme", "Chest", 30)
    assert other["results"] == 2
    charts = {chart["name"]: chart for chart in one["charts"]}
    assert charts["noise level"]["unit"] == "HU"
    assert [point["value"] for point in charts["noise level"]["points"][:3]] == [20.0, 21.0, 22.0]
    assert {point["value"] for point in charts["time a slice"]["points"]} == {100.0}
    assert sum(month["counts"]["PASS"] for month in one["months"]) == 30


def test_what_was_not_measured_is_in_no_chart() -> None:
    (group,) = drift([case(0, None, spent=None), case(1, "much", spent="long")])["groups"]
    assert group["charts"] == []


def test_results_of_no_task_are_in_no_group() -> None:
    assert drift([case(0, 1.0, task="")]) == {"groups": []}


def test_without_decisions_nobody_agrees() -> None:
    found = agreement([])
    assert found["decisions"] == 0
    assert found["readers"] == []
