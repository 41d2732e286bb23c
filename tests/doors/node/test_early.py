"""Work during a sender's silence: results leave when the series is whole, of just those instances, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.cleaning import Cleaner
from recon.doors.node.completion import Decider
from recon.doors.node.work import Worker
from recon.errors import UnusableData
from tests.doors.node.nodes import Receiving, storescu, until
from tests.doors.node.working import answering, ct_rule

pytestmark = pytest.mark.service
Start = Callable[..., Receiving]


@pytest.fixture
def node(receiving: Start, tmp_path: Path) -> Receiving:
    """Silence of 0.1 s begins work, and a series is never whole: tests say when it is."""
    return receiving(**{**ct_rule(tmp_path), "completion": {"quiet_s": 1e6, "early_s": 0.1}})


def send(node: Receiving, files: list[Path]) -> None:
    assert storescu(node.port, *files).returncode == 0


def begun(node: Receiving, jobs: int) -> None:
    def look() -> bool:
        node.decider.look()
        return len(node.rows("SELECT * FROM jobs")) == jobs

    until(look)


def whole(node: Receiving) -> None:
    with node.ledger.writing() as base:
        base.execute("UPDATE series SET last = last - 1e7")
    assert node.decider.look() == 1


def states(node: Receiving) -> list[str]:
    return [row["state"] for row in node.rows("SELECT state FROM jobs ORDER BY number")]


def worker_of(node: Receiving) -> Worker:
    return Worker(node.config, node.ledger, None)  # type: ignore[arg-type]


def sent(node: Receiving) -> int:
    return len(node.rows("SELECT * FROM deliveries"))


def test_what_was_worked_on_early_leaves_when_the_series_is_whole(
    node: Receiving, make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(node, make_series(3))
    begun(node, 1)
    answering(monkeypatch, "PASS")
    worker = worker_of(node)
    assert worker.step()
    assert (states(node), sent(node)) == (["ready"], 0)
    assert not worker.step(), "nothing to do until the series is whole"
    for _ in range(3):
        node.decider.look()
    worker.recover()  # as after SIGKILL: what is ready is kept
    whole(node)
    assert worker.step(), "published, not worked on again"
    assert (states(node), sent(node)) == (["done"], 3)
    (job,) = node.rows("SELECT * FROM jobs")
    assert job["why"].startswith("version 1: 3 instances")


def test_an_instance_that_comes_throws_early_work_away(
    node: Receiving, make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_series(5)
    send(node, files[:3])
    begun(node, 1)
    answering(monkeypatch, "PASS", "PASS")
    worker = worker_of(node)
    worker.step()
    send(node, files[3:])
    begun(node, 2)
    assert states(node) == ["superseded", "pending"]
    whole(node)
    while worker.step():
        pass
    assert (states(node), sent(node)) == (["superseded", "done"], 3)
    assert len(node.rows("SELECT * FROM inputs WHERE job = 2")) == 5
    Cleaner(node.config, node.ledger).clean()
    assert [path.name for path in (node.config.folder / "results").iterdir()] == ["2"]


def test_one_that_comes_during_early_work_or_after_it_makes_it_void(
    node: Receiving, make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_series(4)
    send(node, files[:3])
    begun(node, 1)
    worker = worker_of(node)

    def perform(client: Any, job: Any, folder: Path, options: Any, on_slice: Callable[[int, int], None]) -> Any:
        on_slice(1, 3)
        send(node, files[3:])
        begun(node, 2)
        on_slice(2, 3)
        raise AssertionError("it should have ended here")

    monkeypatch.setattr("recon.doors.node.work.perform", perform)
    assert worker.step()
    assert (states(node), sent(node)) == (["superseded", "pending"], 0)
    assert list((node.config.folder / "results").iterdir()) == []


def test_what_fails_early_is_tried_again_with_the_whole_series(
    node: Receiving, make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(node, make_series(2))
    begun(node, 1)
    worker = worker_of(node)
    for _ in range(node.config.limits.attempts):
        answering(monkeypatch, UnusableData("cut off"))
        with node.ledger.writing() as base:
            base.execute("UPDATE jobs SET not_before = 0")
        worker.step()
    assert states(node) == ["superseded"]
    whole(node)
    answering(monkeypatch, "PASS")
    worker.step()
    assert (states(node), sent(node)) == (["superseded", "done"], 3)


@pytest.mark.parametrize(
    "completion",
    [
        {"quiet_s": 1e6, "early_s": None},
        {"quiet_s": 1e6, "longest_wait_s": 1e6, "early_s": 0.01},
        {"quiet_s": 1e6, "early_s": 60.0},
    ],
)
def test_no_work_begins_where_more_is_announced_or_it_is_not_wanted(
    receiving: Start, make_series: Any, tmp_path: Path, completion: dict[str, Any]
) -> None:
    node = receiving(**{**ct_rule(tmp_path), "completion": completion})
    announced = {"NumberOfSeriesRelatedInstances": 5} if "longest_wait_s" in completion else {}
    send(node, make_series(3, **announced))
    with node.ledger.writing() as base:
        base.execute("UPDATE series SET last = last - ?", (0.5,))
    for _ in range(3):
        node.decider.look()
    assert states(node) == []


def test_each_early_work_in_vain_doubles_the_silence(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    node = receiving(**{**ct_rule(tmp_path), "completion": {"quiet_s": 1e6, "early_s": 100.0}})

    def silent(seconds: float) -> int:
        """How many jobs there are after so long a silence."""
        with node.ledger.writing() as base:
            base.execute("UPDATE series SET last = ?", (time.time() - seconds,))
        Decider(node.config, node.ledger).look()  # as after a restart
        return len(states(node))

    for count, path in enumerate(make_series(4)):
        send(node, [path])
        enough = 100.0 * 2**count
        assert silent(0.6 * enough) == count, "so long a silence was in vain before"
        assert silent(enough) == count + 1
    assert states(node) == ["superseded"] * 3 + ["pending"]
