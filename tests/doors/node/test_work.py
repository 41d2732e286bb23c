"""Work through a real service: what comes out, where it goes by its verdict, and that SIGKILL costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest

from recon.doors.node.work import Worker, _in_hours
from recon.errors import ServiceUnavailable, UnusableData
from tests.doors.node.nodes import Receiving
from tests.doors.node.pacs import received
from tests.doors.node.working import answering, ct_rule, made

Start = Callable[..., Receiving]


@pytest.mark.service
def test_a_job_becomes_objects_on_their_way(worked: Receiving, tmp_path: Path) -> None:
    (job,) = worked.rows("SELECT * FROM jobs")
    assert job["state"] == "done"
    objects = made(worked)
    assert {kind: len(of) for kind, of in objects.items()} == {"image": 3, "verdict": 1, "page": 1, "map": 1}
    (original,) = worked.rows("SELECT * FROM series")
    source = pydicom.dcmread(worked.rows("SELECT path FROM instances")[0]["path"])
    taken = {row["sop"] for row in worked.rows("SELECT sop FROM instances")}
    for dataset in (one for of in objects.values() for one in of):
        assert dataset.StudyInstanceUID == source.StudyInstanceUID
        assert dataset.PatientID == source.PatientID
        assert dataset.SeriesInstanceUID != original["uid"]
        assert dataset.SOPInstanceUID not in taken
    assert len({one.SeriesInstanceUID for of in objects.values() for one in of}) == 4
    assert objects["image"][0].ImageType[0] == "DERIVED"
    assert job["verdict"] in objects["verdict"][0].SeriesDescription


@pytest.mark.service
@pytest.mark.parametrize(("verdict", "places"), [("PASS", {"DISK"}), ("REVIEW", {"SECOND"}), ("REJECT", set())])
def test_verdicts_route(
    receiving: Start, make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, places: set[str]
) -> None:
    node = receiving(**ct_rule(tmp_path, review_to=["SECOND"]))
    received(node, make_series(2))
    answering(monkeypatch, verdict)
    Worker(node.config, node.ledger, None).step()  # type: ignore[arg-type]
    assert {row["destination"] for row in node.rows("SELECT destination FROM deliveries")} == places
    (job,) = node.rows("SELECT * FROM jobs")
    assert (job["state"], job["verdict"]) == ("rejected" if verdict == "REJECT" else "done", verdict)


@pytest.mark.service
def test_a_job_waits_for_the_service_and_ends_after_its_own_faults(
    receiving: Start, make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = receiving(**ct_rule(tmp_path))
    received(node, make_series(2))
    worker = Worker(node.config, node.ledger, None)  # type: ignore[arg-type]

    def step(error: Exception) -> dict[str, Any]:
        answering(monkeypatch, error)
        with node.ledger.writing() as base:
            base.execute("UPDATE jobs SET not_before = 0")
        worker.step()
        return node.rows("SELECT * FROM jobs")[0]

    assert [step(ServiceUnavailable("away"))["state"] for _ in range(5)] == ["pending"] * 5
    with node.ledger.writing() as base:
        base.execute("UPDATE jobs SET attempts = 0")
    assert [step(UnusableData("NaN"))["state"] for _ in range(3)] == ["pending", "pending", "failed"]
    assert node.rows("SELECT reason FROM jobs") == [{"reason": "NaN"}]
    assert list((node.config.folder / "results").iterdir()) == []


@pytest.mark.service
def test_slices_that_are_missing_are_waited_for_only_while_the_service_is_away(
    receiving: Start, make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice that the service can't make is no reason to try for ever."""
    node = receiving(**ct_rule(tmp_path))
    received(node, make_series(2))
    worker = Worker(node.config, node.ledger, None)  # type: ignore[arg-type]

    def step(reason: str | None) -> str:
        answering(monkeypatch, {"status": "incomplete", "problem": "slice 2", "problem_reason": reason})
        with node.ledger.writing() as base:
            base.execute("UPDATE jobs SET not_before = 0")
        worker.step()
        (job,) = node.rows("SELECT * FROM jobs")
        assert job["reason"] == "slices are missing: slice 2"
        return str(job["state"])

    away = ("SERVICE_UNAVAILABLE", "TOO_MANY_REQUESTS")
    assert [step(reason) for reason in away * 2] == ["pending"] * 4
    with node.ledger.writing() as base:
        base.execute("UPDATE jobs SET attempts = 0")
    assert [step(reason) for reason in ("UNUSABLE_DATA", None, "INTERNAL_ERROR")] == ["pending", "pending", "failed"]


@pytest.mark.service
def test_urgent_work_is_first_and_off_peak_work_waits(
    receiving: Start, make_series: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now()
    rules = [
        {"name": name, "when": {"description": name}, "task": "ct", "to": ["DISK"], "priority": name}
        for name in ("off_peak", "normal", "urgent")
    ]
    later = f"{(now.hour + 2) % 24:02d}:00-{(now.hour + 3) % 24:02d}:00"
    node = receiving(**{**ct_rule(tmp_path), "rules": rules}, off_peak=later)
    for rule in rules:
        received(node, make_series(1, SeriesDescription=rule["name"]))
    answering(monkeypatch, "PASS", "PASS", "PASS")
    worker = Worker(node.config, node.ledger, None)  # type: ignore[arg-type]
    assert [worker.step() for _ in range(3)] == [True, True, False]
    done = [row["rule"] for row in node.rows("SELECT rule FROM jobs WHERE state = 'done' ORDER BY finished")]
    assert done == ["urgent", "normal"]


@pytest.mark.parametrize(
    ("hours", "hour", "inside"),
    [("20:00-06:00", 23, True), ("20:00-06:00", 5, True), ("20:00-06:00", 6, False), ("08:00-12:00", 9, True)],
)
def test_hours(hours: str, hour: int, inside: bool) -> None:
    assert _in_hours(hours, datetime(2026, 1, 1, hour)) is inside


@pytest.mark.service
def test_a_job_that_ends_the_worker_each_time_is_failed(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    node = receiving(**ct_rule(tmp_path))
    received(node, make_series(1))
    worker = Worker(node.config, node.ledger, None)  # type: ignore[arg-type]
    for crash in range(5):
        assert worker._claim() is not None, crash
        worker.recover()
    (job,) = node.rows("SELECT * FROM jobs")
    assert (job["state"], job["reason"]) == ("failed", "the worker ended each time it was at it")
