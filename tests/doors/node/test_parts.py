from __future__ import annotations

from pathlib import Path

import pytest

from recon.doors.node.parts import alone
from recon.errors import InvalidRequest, OutputFailed


def test_one_node_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    with alone(folder, "node"):
        with pytest.raises(InvalidRequest, match="its node runs already"), alone(folder, "node"):
            pass
        with alone(folder, "receive"), alone(tmp_path / "other", "node"):
            pass
    with alone(folder, "node"):  # given back
        pass


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="file"), alone(tmp_path / "file", "node"):
        pass
