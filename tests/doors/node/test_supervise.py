"""The whole node, killed at any moment."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.doors.node.nodes import node_process, storescu, until
from tests.doors.node.working import ct_rule


@pytest.mark.service
def test_the_whole_node_survives_sigkill_at_any_moment(
    configured: Any, make_series: Any, tmp_path: Path, service: str
) -> None:
    """Killed every few seconds until all is done: each image arrives, once, with one verdict a series."""
    from tests.doors.node.nodes import free_port

    port = free_port()
    config = configured(listen=f"127.0.0.1:{port}", service=service, **ct_rule(tmp_path, originals_to=["SECOND"]))
    files = [make_series(2, size=96) for _ in range(3)]
    log = tmp_path / "node.log"
    for index, series in enumerate(files):
        with node_process(config, tmp_path) as process:
            until(lambda series=series: storescu(port, *series).returncode == 0, 60)
            if index < 2:
                killer = threading.Timer(0.5 + 2.0 * index, os.kill, (process.pid, signal.SIGKILL))
                killer.start()
                process.wait()
            else:
                until(lambda: len(list((tmp_path / "DISK").rglob("*.dcm"))) >= 3 * 5, 120)
                until(lambda: len(list((tmp_path / "SECOND").rglob("*.dcm"))) >= 6, 60)
    objects = [pydicom.dcmread(path, stop_before_pixels=True) for path in (tmp_path / "DISK").rglob("*.dcm")]
    assert len(objects) == 15, log.read_text()
    kinds = sorted(str(one.Modality) for one in objects)
    assert kinds.count("SR") == 3
    assert len({one.SOPInstanceUID for one in objects}) == 15
