"""Scores say what they mean, and files come out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recon.cli.evaluating import mr as command
from recon.errors import InvalidRequest, UnreadableInput
from recon.io.kspace.results import write_hdf5
from recon.training.mr.evaluate import evaluate, read_reconstruction, read_truth
from recon.volumes import Geometry
from tests.conftest import head

TRUTH = head((96, 80)).astype(np.float32)


def _folder(path, image, model):
    path.mkdir()
    write_hdf5(image, np.full_like(image, 0.1), Geometry.from_spacing(1, 1, 1), path / "image.h5")
    report = {"parameters": {"model": model}, "checks": [{"name": "data_consistency", "value": 0.07}]}
    (path / "report.json").write_text(json.dumps(report))
    return path


def test_folders_become_a_table_a_file_and_a_figure(tmp_path, capsys) -> None:
    stack = np.stack([TRUTH, TRUTH[::-1]])
    write_hdf5(stack, 0 * stack, Geometry.from_spacing(1, 1, 1), tmp_path / "truth.h5")
    unfinished = stack.copy()
    unfinished[1] = np.nan
    folders = [_folder(tmp_path / "a", stack * 3, "sense"), _folder(tmp_path / "b", unfinished, "l1-wavelet")]
    command.mr(tmp_path / "truth.h5", folders, tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| sense | ")
    assert " 0.070 " in lines[3]
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())["results"]
    assert [item["missing_slices"] for item in content] == [0, 1]
    assert content[0]["mean"]["nmse"] < 1e-10
    assert (tmp_path / "out" / "evaluation.png").stat().st_size > 10_000


def test_what_does_not_fit_is_named(tmp_path) -> None:
    found = read_reconstruction(_folder(tmp_path / "a", TRUTH[None], "sense"))
    with pytest.raises(InvalidRequest, match="sense has shape"):
        evaluate(TRUTH[None, :50], [found])
    with pytest.raises(UnreadableInput, match="no such file"):
        read_truth(tmp_path / "none.h5")
