"""How often honest scans are stopped, by which check, and which check never found a wrong one."""

from __future__ import annotations

import pytest

from recon.quality.review_rate import Judged, by_check, by_task, to_json
from recon.quality.verdict import Verdict

PASS, REVIEW, REJECT = Verdict.PASS, Verdict.REVIEW, Verdict.REJECT


def scan(honest: bool, **outcomes: Verdict) -> Judged:
    return Judged("a", "ct", honest, max(outcomes.values()), outcomes)


SCANS = [
    *[scan(True, noise=PASS, edge=PASS, size=PASS)] * 7,
    scan(True, noise=REVIEW, edge=PASS, size=PASS),
    scan(True, noise=REVIEW, edge=REVIEW, size=PASS),
    Judged("broken", "ct", True, None, problem="damaged"),
    scan(False, noise=PASS, edge=REJECT, size=PASS),
    scan(False, noise=PASS, edge=PASS, size=PASS),
]


def test_what_was_refused_did_not_pass() -> None:
    (rate,) = by_task(SCANS)
    assert rate.verdicts == {"PASS": 7, "REVIEW": 2, "REJECT": 0, "refused": 1}
    assert rate.passed == pytest.approx(0.7)
    assert not rate.enough
    assert (rate.wrong, rate.missed) == (2, 1)
    (better,) = by_task(SCANS[:7])
    assert better.enough


def test_the_check_that_alarms_most_comes_first_and_merit_is_what_it_found() -> None:
    noise, edge, size = by_check(SCANS)
    assert (noise.check, noise.honest, noise.alarms, noise.alone, noise.found) == ("noise", 9, 2, 1, 0)
    assert (edge.check, edge.alarms, edge.alone, edge.found, edge.wrong) == ("edge", 1, 0, 1, 2)
    assert noise.without_merit
    assert not edge.without_merit
    assert not size.without_merit  # it stopped nobody


def test_without_wrong_scans_nothing_is_said_of_merit() -> None:
    assert not any(rate.without_merit for rate in by_check(SCANS[:9]))
    (task,) = by_task(SCANS[-2:])
    assert task.honest == 0
    assert to_json(SCANS[-2:])["tasks"][0]["passed"] is None
