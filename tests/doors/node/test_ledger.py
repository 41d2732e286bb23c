"""The node's ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.node.ledger import Ledger
from recon.errors import UnreadableInput


def test_the_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with ledger.looking() as base:
        base.execute("PRAGMA user_version = 99")
    ledger.close()
    with pytest.raises(UnreadableInput, match="version 99"):
        Ledger(tmp_path)
