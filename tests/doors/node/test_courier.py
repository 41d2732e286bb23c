"""What is to go out goes out, or becomes a letter that a person sees, whoever is killed or away."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.config import NodeConfig
from recon.doors.node.courier import Courier
from recon.doors.node.ledger import Ledger
from tests.doors.node.nodes import Receiving, free_port, node_process, storescu, until
from tests.doors.node.pacs import QUICK, deliver, received, scp, states, storescp, to_pacs
from tests.doors.node.test_rules import written
from tests.doors.node.waiting import backlog

Start = Callable[..., Receiving]


@pytest.mark.service
def test_an_object_that_is_refused_becomes_a_dead_letter(receiving: Start, make_series: Any, tmp_path: Path) -> None:
    """The others go, it is tried so often and no more, and it can be seen and started again."""
    port = free_port()
    node = receiving(**to_pacs(port, final_after=2))
    received(node, make_series(3))
    bad = node.rows("SELECT sop FROM deliveries ORDER BY number")[1]["sop"]
    tries: list[str] = []

    def answer(event: Any) -> int:
        tries.append(str(event.request.AffectedSOPInstanceUID))
        return 0xC123 if tries[-1] == bad else 0xB000

    with scp(port, answer):
        until(lambda: deliver(node) or states(node).get("dead") == 1)
        deliver(node)
    assert states(node) == {"dead": 1, "sent": 2}
    assert tries.count(bad) == 2
    (letter,) = node.rows("SELECT * FROM deliveries WHERE state = 'dead'")
    assert letter["reason"] == "refused with status C123"
    assert {row["reason"] for row in node.rows("SELECT * FROM deliveries WHERE state = 'sent'")} == {
        "accepted with warning B000"
    }
    path = written(node.config, tmp_path)
    shown = CliRunner().invoke(app, ["node", "queue", "--config", path])
    assert "1 dead letters to PACS: refused with status C123" in shown.stdout
    assert CliRunner().invoke(app, ["node", "retry", "--config", path]).exit_code == 0
    with scp(port, lambda event: 0x0000):
        deliver(node)
    assert states(node) == {"sent": 3}


@pytest.mark.service
def test_a_full_peer_is_tried_again_and_never_refused(receiving: Start, make_series: Any) -> None:
    port = free_port()
    node = receiving(**to_pacs(port, final_after=1))
    received(node, make_series(2))
    with scp(port, lambda event: 0xA700):
        for _ in range(4):
            deliver(node)
    assert states(node) == {"pending": 2}
    with scp(port, lambda event: 0x0000):
        until(lambda: deliver(node) or states(node) == {"sent": 2})


@pytest.mark.service
def test_a_destination_that_is_down_holds_up_no_other(
    configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path
) -> None:
    """karnak#49, with the whole node running and killed: what waits for one goes to the other at once."""
    listen, gone = free_port(), free_port()
    config = configured(
        listen=f"127.0.0.1:{listen}",
        destinations={
            "GONE": {"dicom": f"PACS@127.0.0.1:{gone}", **QUICK},
            "DISK": {"folder": str(tmp_path / "disk"), **QUICK},
        },
        otherwise={"originals_to": ["GONE", "DISK"]},
    )
    with node_process(config, tmp_path) as process:
        assert storescu(listen, *make_series(4)).returncode == 0
        until(lambda: len(list((tmp_path / "disk").rglob("*.dcm"))) == 4, 60)
        process.send_signal(signal.SIGKILL)
    with storescp(tmp_path / "pacs", gone), node_process(config, tmp_path):
        until(lambda: len(list((tmp_path / "pacs").iterdir())) == 4, 60)
    assert len(list((tmp_path / "disk").rglob("*.dcm"))) == 4
    log = (tmp_path / "node.log").read_text()
    study = str(pydicom.dcmread(make_series(1)[0]).StudyInstanceUID)
    for secret in ("Test^Patient", '"T1"', "ABDOMEN", study):  # quoted: a time of day holds T1, too
        assert secret not in log


@pytest.mark.service
def test_sending_survives_sigkill(configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path) -> None:
    """Killed in the middle of a study, twice: everything arrives, the same UIDs, and nothing else."""
    listen, port = free_port(), free_port()
    config = configured(listen=f"127.0.0.1:{listen}", **to_pacs(port))
    files = make_series(20)
    node = Receiving(config)
    assert storescu(listen, *files).returncode == 0
    until(node.decider.look)
    arrived: list[str] = []

    def slow(event: Any) -> int:
        arrived.append(str(event.request.AffectedSOPInstanceUID))
        time.sleep(0.05)
        return 0x0000

    with scp(port, slow):
        for target in (5, 12):
            with node_process(config, tmp_path, "send") as process:
                until(lambda target=target: len(set(arrived)) >= target, 30)
                os.kill(process.pid, signal.SIGKILL)
        with node_process(config, tmp_path, "send"):
            until(lambda: states(node) == {"sent": 20}, 30)
    node.close()
    assert set(arrived) == {str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in files}
    assert len(arrived) <= 20 + 2, "at most the one under way is sent twice, with the same UID"


@pytest.mark.service
def test_what_is_too_old_is_given_up(receiving: Start, make_series: Any) -> None:
    node = receiving(**to_pacs(free_port(), give_up_after_s=0.2))
    received(node, make_series(1))
    deliver(node)
    time.sleep(0.3)
    deliver(node)
    (letter,) = node.rows("SELECT * FROM deliveries")
    assert letter["state"] == "dead"
    assert "given up, too old; at last: PACS@127.0.0.1" in letter["reason"]


def test_a_courier_works_a_backlog_off_study_by_study(configured: Any, tmp_path: Path) -> None:
    """Each study on its own; what is refused makes room for the next."""
    config: NodeConfig = configured(
        destinations={"AWAY": {"folder": str(tmp_path), "retry_first_s": 1e4, "retry_most_s": 1e4}}
    )
    ledger = Ledger(config.folder)
    backlog(ledger, 0, 30)
    courier = Courier(config, ledger, "AWAY", threading.Event())
    for done in range(1, 31):
        assert courier.step() == 0.0
        with ledger.looking() as base:
            touched = base.execute("SELECT count(DISTINCT study) FROM deliveries WHERE attempts > 0").fetchone()[0]
        assert touched == done
    ledger.close()
