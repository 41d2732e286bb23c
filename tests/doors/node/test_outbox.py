"""What is to go out goes study by study, is tried again, and becomes a letter that a person sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.ledger import Ledger
from recon.doors.node.outbox import Outbox, restart
from recon.doors.node.outcome import Meaning, Outcome
from recon.doors.node.peers import Destination
from tests.doors.node.waiting import backlog


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path)
    backlog(found, 0, 2)
    yield found
    found.close()


def outbox(ledger: Ledger, **changes: Any) -> Outbox:
    return Outbox(ledger, "AWAY", Destination(dicom="AWAY@127.0.0.1:9", **changes))


def states(ledger: Ledger) -> dict[str, int]:
    with ledger.looking() as base:
        return dict(base.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())


def test_one_study_at_a_time_in_order(ledger: Ledger) -> None:
    out = outbox(ledger)
    first = out.next()
    assert {parcel.study for parcel in first} == {"1.0"}
    assert [parcel.sop for parcel in first] == [f"1.0.{number}" for number in range(20)]
    assert len(out.next(3)) == 3
    for parcel in first:
        out.record(parcel, Outcome(Meaning.SENT))
    assert {parcel.study for parcel in out.next()} == {"1.1"}
    assert states(ledger) == {"sent": 20, "pending": 20}


def test_the_urgent_study_is_first(ledger: Ledger) -> None:
    with ledger.writing() as base:
        base.execute("UPDATE deliveries SET priority = 0 WHERE study = '1.1'")
    assert {parcel.study for parcel in outbox(ledger).next()} == {"1.1"}


def test_what_is_refused_waits_and_at_last_is_dead(ledger: Ledger) -> None:
    out = outbox(ledger, final_after=2, retry_first_s=1000, retry_most_s=1000)
    (parcel, *_) = out.next()
    out.record(parcel, Outcome(Meaning.REFUSED, "no such class"))
    assert parcel.sop not in {one.sop for one in out.next()}  # not before its time
    with ledger.writing() as base:
        base.execute("UPDATE deliveries SET not_before = 0")
    (again, *_) = out.next()
    assert (again.sop, again.refusals) == (parcel.sop, 1)
    out.record(again, Outcome(Meaning.REFUSED, "no such class"))
    assert states(ledger)["dead"] == 1
    assert restart(ledger, "OTHER") == 0
    assert restart(ledger) == 1
    assert out.next()[0].refusals == 0


def test_a_peer_that_is_away_refuses_nothing(ledger: Ledger) -> None:
    out = outbox(ledger, final_after=1)
    out.unreachable(out.next(), "no answer")
    assert states(ledger) == {"pending": 40}
    assert {parcel.refusals for parcel in out.next()} == {0}


def test_what_is_too_old_is_given_up(ledger: Ledger) -> None:
    with ledger.writing() as base:
        base.execute("UPDATE deliveries SET created = 0, reason = 'no answer' WHERE study = '1.1'")
    out = outbox(ledger)
    assert (out.bury(), out.bury()) == (20, 0)
    with ledger.looking() as base:
        (reason,) = base.execute("SELECT DISTINCT reason FROM deliveries WHERE state = 'dead'").fetchone()
    assert reason == "given up, too old; at last: no answer"


def test_commitment_is_asked_for_once_and_again_after_a_silence(ledger: Ledger) -> None:
    assert outbox(ledger).uncommitted() == []
    out = outbox(ledger, commitment=True, final_after=2)
    for parcel in out.next():
        out.record(parcel, Outcome(Meaning.SENT))
    sent = out.uncommitted()
    assert len(sent) == 20
    out.asked(sent)
    assert out.uncommitted() == []
    for asks in (1, 2):
        with ledger.writing() as base:
            base.execute("UPDATE deliveries SET asked = 1 WHERE asked IS NOT NULL")
        assert len(out.uncommitted()) == (20 if asks == 1 else 0)
        out.asked(sent)
    assert states(ledger)["dead"] == 20
