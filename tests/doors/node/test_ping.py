"""A destination answers, or why not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recon.doors.node.config import NodeConfig
from tests.doors.node.nodes import free_port
from tests.doors.node.pacs import to_pacs
from tests.doors.node.test_rules import written


@pytest.mark.service
def test_ping_says_why_not(configured: Callable[..., NodeConfig], tmp_path: Path) -> None:
    path = written(configured(**to_pacs(free_port())), tmp_path)
    for name, words in (("PACS", "can't be reached"), ("OTHER", "no destination")):
        done = subprocess.run(
            [sys.executable, "-m", "recon.cli", "node", "ping", name, "--config", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert words in done.stderr
        assert done.returncode == (1 if name == "PACS" else 2)
        assert "Traceback" not in done.stderr
