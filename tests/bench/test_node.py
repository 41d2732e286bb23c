"""The benchmark of the node at a small size: it measures what it says, with the node as a site runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recon.cli.main import app

pytestmark = pytest.mark.service


@pytest.mark.timeout(1800)  # three nodes are started, each of four processes
def test_a_small_run_gives_every_figure(tmp_path: Path, service: str) -> None:
    words = ["--slices", "4", "--studies", "14", "--work", "2", "--server", service, "-o", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, ["bench", "node", *words])
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "node.json").read_text())
    assert (record["slices"], record["studies"], record["work_slices"]) == (4, 14, 2)
    assert record["received_per_s"] > 0
    assert 0 <= record["first_image_after_completion_s"] <= record["all_after_completion_s"]
    # the silence that makes a series whole is part of what a reader waits for
    assert record["first_image_after_last_instance_s"] >= record["quiet_s"]
    assert record["ms_per_study_of_the_second_half"] > 0
    assert 0 < record["memory_mib_at_10_studies"] < 2 * record["memory_mib_at_14_studies"]
