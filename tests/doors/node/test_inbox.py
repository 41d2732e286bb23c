"""What was confirmed is on disk and in the ledger, whatever happens in between."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from recon.doors.node.config import NodeConfig
from recon.doors.node.ledger import Ledger
from tests.doors.node.nodes import Receiving, echoscu, free_port, node_process, storescu

pytestmark = pytest.mark.service

Start = Callable[..., Receiving]


def test_no_room_is_said(receiving: Start, make_series: Any) -> None:
    node = receiving(limits={"free_gb": 1e9})
    done = storescu(node.port, *make_series(1), options=("-d",))
    assert "0xa700" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == []
    assert echoscu(node.port).returncode == 0


def test_failing_to_write_is_no_success(receiving: Start, make_series: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """dicoogle#721: success was said although storing had failed."""
    node = receiving()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recon.doors.node.inbox.os.fsync", full)
    done = storescu(node.port, *make_series(1), options=("-d",))
    assert "0xa700" in (done.stdout + done.stderr).lower()
    assert node.rows("SELECT * FROM instances") == []


def test_what_was_confirmed_survives_sigkill(
    configured: Callable[..., NodeConfig], make_series: Any, tmp_path: Path
) -> None:
    """Killed again and again in the middle of a series: what was answered 0000 is there, whole, once."""
    config = configured(listen=f"127.0.0.1:{free_port()}")
    port = int(config.listen.rpartition(":")[2])
    files = make_series(40, size=96)
    confirmed: set[str] = set()
    for delay_s, enough in enumerate((3, 9, 17)):
        with node_process(config, tmp_path, "receive") as process:
            ae = AE(ae_title="CT1")
            ae.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
            ae.dimse_timeout = ae.network_timeout = 60
            association = ae.associate("127.0.0.1", port, ae_title="RECON")
            assert association.is_established
            # at some moment of what comes after the last that is sure to be confirmed
            timer = threading.Timer(0.002 * delay_s, os.kill, (process.pid, signal.SIGKILL))
            for number, path in enumerate(files, 1):
                try:
                    status = association.send_c_store(path)
                except RuntimeError:
                    break
                if status and status.Status == 0:
                    confirmed.add(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
                if number == enough:
                    timer.start()
                    ae.dimse_timeout = ae.network_timeout = 3  # of the dead no answer comes
            assert process.wait(60) == -signal.SIGKILL
            association.abort()
    with node_process(config, tmp_path, "receive"):
        assert storescu(port, *files).returncode == 0
    assert len(confirmed) >= 17
    ledger = Ledger(config.folder)
    with ledger.looking() as base:
        kept = {row["sop"]: Path(row["path"]) for row in base.execute("SELECT * FROM instances")}
    ledger.close()
    assert confirmed <= set(kept)
    assert len(kept) == 40
    for path in files:
        dataset = pydicom.dcmread(path)
        assert pydicom.dcmread(kept[dataset.SOPInstanceUID]).PixelData == dataset.PixelData
    on_disk = sorted((config.folder / "incoming").rglob("*.dcm"))
    assert on_disk == sorted(kept.values())
    assert list((config.folder / "arriving").iterdir()) == []


def test_a_file_without_its_row_is_adopted(receiving: Start, make_series: Any, configured: Any) -> None:
    """Killed between the rename and the ledger's commit."""
    node = receiving()
    storescu(node.port, *make_series(2), calling="CT7")
    with node.ledger.writing() as base:
        base.execute("DELETE FROM instances")
        base.execute("DELETE FROM series")
    assert node.inbox.adopt() == 2
    (series,) = node.rows("SELECT * FROM series")
    assert '"calling": "CT7"' in series["facts"]
    assert node.inbox.adopt() == 0
