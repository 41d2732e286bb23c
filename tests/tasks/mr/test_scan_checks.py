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


@pytest.mark.parametrize(("spokes", "averages", "passes"), [(80, 1, True), (20, 1, False), (20, 4, False)])
def test_missing_readouts_of_a_trajectory_count_as_missing_however_often_others_come(
    kspace, spokes, averages, passes
) -> None:
    """Of a matrix of 48, 76 spokes are all; more of the same are no others."""
    angles = np.tile(np.pi * np.arange(spokes) / spokes, averages)
    along = (np.arange(96) - 48) / 96
    path = (along[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)[:, None]).astype(np.float32)
    model = ModelFacts("sense", parameters={**CLASSICAL, "linear_methods": "sense", "domain_acceleration": "1,2"})
    some = np.arange(80) < len(angles)
    work = work_of(kspace, model, path.tobytes(), lines=some, trajectory=2, rows=48, columns=48)
    checks = {check.name: check for check in work.judge_input()}
    assert (checks["acceleration"].outcome is Verdict.PASS) == passes
    planes = np.zeros((1, 5, 48, 48), np.float32)
    planes[0, 0, 12:36, 12:36] = 1
    checks = {check.name: check for check in work.finish({OUTPUT: planes}).checks}
    assert (checks["missing_samples"].outcome is Verdict.PASS) == passes
