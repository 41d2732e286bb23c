from __future__ import annotations

import numpy as np

from recon.quality.verdict import Verdict
from recon.tasks.contrast.slice_checks import judge_slice

NOTHING = np.zeros((40, 40), np.float32)
WIDTH = np.full((40, 40), 0.05, np.float32)


def test_a_slice_beside_the_head_is_judged_by_what_appears_in_it() -> None:
    air = NOTHING > 0
    (calm,) = judge_slice(NOTHING, WIDTH, air)
    assert (calm.name, calm.value, calm.outcome) == ("supported_by_low_dose", 0.0, Verdict.PASS)
    invented = NOTHING.copy()
    invented[:4, :8] = 1.0
    (alarm,) = judge_slice(invented, WIDTH, air)
    assert (alarm.value, alarm.outcome) == (0.02, Verdict.REVIEW)


def test_a_slice_of_the_head_is_judged_inside_it() -> None:
    head = NOTHING == 0
    head[:20] = False
    outside = NOTHING.copy()
    outside[:20] = 1.0
    assert {check.name: check.outcome for check in judge_slice(outside, WIDTH, head)} == {
        "supported_by_low_dose": Verdict.PASS,
        "mean_uncertainty": Verdict.PASS,
    }
