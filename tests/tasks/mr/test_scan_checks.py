"""Coils and readouts that are missing are named."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from tests.tasks.mr.streams import CLASSICAL, OUTPUT, perfect, prepared, work_of


def test_dead_coils_are_named_and_left_out(kspace) -> None:
    for dead, passes in (([2], True), ([0, 1, 3, 5], False)):
        some = kspace.copy()
        some[dead] = 0
        work = work_of(some)
        assert work.inputs["kspace"].shape[1] == 6 - len(dead)
        (check,) = [check for check in work.judge_input() if check.name == "dead_coils"]
        assert (check.outcome is Verdict.PASS) == passes
        assert ", ".join(str(coil + 1) for coil in dead) in check.message
        (noise,) = [
            c for c in work.finish({OUTPUT: perfect(work, prepared(work))}).checks if c.name == "noise_to_signal"
        ]
        assert noise.value > 0


def test_missing_readouts_of_a_trajectory_count_as_missing(kspace) -> None:
    path = np.random.default_rng(0).uniform(-0.5, 0.5, (80, 96, 2)).astype(np.float32)
    some = np.arange(80) < 20
    model = ModelFacts("sense", parameters=CLASSICAL)
    work = work_of(kspace, model, path[some].tobytes(), lines=some, trajectory=2, rows=64, columns=48)
    (check,) = [check for check in work.judge_input() if check.name == "acceleration"]
    assert check.value == pytest.approx(np.pi / 2 * 48 / 20)
