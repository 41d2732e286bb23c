"""A site's own task in one process: with code of its own it runs, without it is told what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.backend.configuration import Entry, ModelConfig, write_config
from recon.client import in_process
from recon.client.local import Local
from recon.errors import InvalidRequest
from tests.engine.streams import scan
from tests.toy import ToyTask


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Opens the toy task's only model, served by what a test names."""
    task = ToyTask()
    monkeypatch.setattr(in_process, "tasks", lambda: {task.name: task})
    monkeypatch.setattr("recon.client.caller.task_of", lambda name: task)

    def opened(served_by: str) -> Local:
        folder = tmp_path / "models" / "multiply"
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "gain.txt").write_text("1")
        inputs = [Entry("wave", (-1, -1, 2)), Entry("gain", (-1, -1))]
        config = ModelConfig("toy", "Multiplies", served_by, inputs, [Entry("product", (-1, -1))], is_default=True)
        write_config(folder, "1", config, ["gain.txt"], 1.0, "")
        return Local(tmp_path / "models")

    return opened


def test_code_of_a_sites_own_runs_here(opened) -> None:
    wave, gain = scan(3)
    with opened("tests.toy_backend") as here:
        assert [model.ready for model in here.models()] == [True]
        results = list(here.run("toy", wave, gain))
    for result in results:
        np.testing.assert_allclose(result.image, np.abs(wave[result.index]) * gain[result.index], rtol=1e-5)


@pytest.mark.parametrize(
    ("served_by", "words"),
    [
        ("", r"multiply has no code that runs outside of Triton .*Client\(HOST:PORT\)"),
        ("absent_site.model", "absent_site is not installed"),
        ("tests.toy_backend.absent", "not installed"),
    ],
)
def test_what_does_not_run_here_says_so(opened, served_by: str, words: str) -> None:
    with opened(served_by) as here:
        assert [model.ready for model in here.models()] == [bool(served_by)]
        with pytest.raises(InvalidRequest, match=words):
            list(here.run("toy", *scan(1)))
