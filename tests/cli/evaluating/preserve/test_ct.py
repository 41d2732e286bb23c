from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli.main import app


@pytest.mark.parametrize(("words", "why"), [([], "--quick"), (["--low", "scan.nii.gz"], "1 --low and 0 --full")])
def test_pairs_must_be_named_whole(words: list[str], why: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "preserve", "ct", "-o", str(tmp_path), *words])
    assert done.exit_code != 0
    assert why in str(done.exception)
