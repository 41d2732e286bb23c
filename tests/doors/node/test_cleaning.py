from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recon.doors.node.cleaning import Cleaner
from recon.doors.node.courier import Courier
from recon.doors.node.work import Worker
from tests.doors.node.nodes import Receiving, storescu
from tests.doors.node.pacs import received
from tests.doors.node.working import answering, ct_rule

pytestmark = pytest.mark.service


@pytest.mark.parametrize("retention", [{"keep_s": 0.0}, {"keep_s": 1e6, "emergency_free_share": 0.999999}])
def test_what_is_done_and_sent_goes_and_nothing_else(
    receiving: Callable[..., Receiving],
    make_series: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    retention: dict[str, float],
) -> None:
    """By age, and earlier when the disk is nearly full."""
    rule = ct_rule(tmp_path, originals_to=["SECOND"])
    node = receiving(**rule, retention=retention)
    cleaner = Cleaner(node.config, node.ledger)
    received(node, make_series(2))
    assert cleaner.clean() == 0, "the job is to be done"
    answering(monkeypatch, "PASS")
    Worker(node.config, node.ledger, None).step()  # type: ignore[arg-type]
    assert cleaner.clean() == 0, "results and originals are to be sent"
    for name in ("DISK", "SECOND"):
        Courier(node.config, node.ledger, name, threading.Event()).step()
    assert cleaner.clean() == 3 + 2, "image, report and page; two originals"
    assert list((node.config.folder / "results").iterdir()) == []
    assert list((node.config.folder / "incoming").rglob("*.dcm")) == []
    assert node.inbox.adopt() == 0
    assert cleaner.clean() == 0


def test_dead_letters_and_failed_jobs_stay(
    receiving: Callable[..., Receiving], make_series: Any, tmp_path: Path
) -> None:
    node = receiving(**ct_rule(tmp_path, originals_to=["SECOND"]), retention={"keep_s": 0.0})
    received(node, make_series(2))
    with node.ledger.writing() as base:
        base.execute("UPDATE jobs SET state = 'failed'")
        base.execute("UPDATE deliveries SET state = 'sent'")
    assert Cleaner(node.config, node.ledger).clean() == 0
    with node.ledger.writing() as base:
        base.execute("UPDATE jobs SET state = 'superseded'")
        base.execute("UPDATE deliveries SET state = 'dead'")
    assert Cleaner(node.config, node.ledger).clean() == 0


def test_originals_that_come_again_after_cleaning_are_sent_again(
    receiving: Callable[..., Receiving], make_series: Any, tmp_path: Path
) -> None:
    """The modality sends them once more because the archive lost them: they must not be taken for sent."""
    destinations = {"DISK": {"folder": str(tmp_path / "DISK")}}
    node = receiving(
        destinations=destinations,
        otherwise={"originals_to": ["DISK"]},
        completion={"quiet_s": 0.2},
        retention={"keep_s": 0.0},
    )
    files = make_series(2)
    for _ in range(2):
        received(node, files)
        Courier(node.config, node.ledger, "DISK", threading.Event()).step()
        arrived = list((tmp_path / "DISK").rglob("*.dcm"))
        assert len(arrived) == 2
        for path in arrived:
            path.unlink()
        assert Cleaner(node.config, node.ledger).clean() == 2
    assert node.rows("SELECT * FROM deliveries") == []


def test_an_instance_that_comes_during_cleaning_saves_its_series(
    receiving: Callable[..., Receiving], make_series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = receiving(completion={"quiet_s": 0.2}, retention={"keep_s": 0.0})
    first, late = make_series(2)
    received(node, [first])
    cleaner = Cleaner(node.config, node.ledger)
    clean_one = cleaner._clean_series

    def after_another(number: int, before: float) -> int:
        assert storescu(node.port, late).returncode == 0
        return clean_one(number, before)

    monkeypatch.setattr(cleaner, "_clean_series", after_another)
    assert cleaner.clean() == 0
    assert len(node.rows("SELECT * FROM instances")) == 2
    assert len(list((node.config.folder / "incoming").rglob("*.dcm"))) == 2
