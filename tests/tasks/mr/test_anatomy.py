"""A body that a network has not learned is REVIEW, and its interval is none."""

from __future__ import annotations

import numpy as np

from recon.backend.configuration import of_version, parameters_in
from recon.quality.interval import IntervalKind, calibrated, within_domain
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.mr.anatomy import ANATOMY, LEARNED, SIZE, declared, judge_anatomy
from recon.tasks.mr.checks import DOMAIN
from tests.conftest import head
from tests.quality.test_anatomy import FOLDER, abdomen, scanned

MODEL = ModelFacts("mr_unrolled", parameters=of_version(parameters_in(FOLDER), "1"))
MM = (0.9, 0.9)


def test_heads_pass_and_keep_their_interval() -> None:
    checks = judge_anatomy(MODEL, scanned(head((220, 200))), MM)
    assert tuple(check.name for check in checks) == declared(MODEL) == (ANATOMY, SIZE)
    assert {check.outcome for check in checks} == {Verdict.PASS}
    assert within_domain(calibrated(1.2), checks, DOMAIN).kind is IntervalKind.CALIBRATED


def test_bodies_are_reviewed_and_have_none() -> None:
    checks = judge_anatomy(MODEL, abdomen(), (0.8, 0.8))
    assert checks[0].outcome is Verdict.REVIEW
    assert "l1-wavelet" in checks[0].message
    found = within_domain(calibrated(1.2), checks, DOMAIN)
    assert found.kind is IntervalKind.NONE
    assert found.coverage is None
    assert ANATOMY in found.basis


def test_what_is_shaped_like_a_head_but_larger_is_none() -> None:
    round_, large = judge_anatomy(MODEL, scanned(head((220, 200))), (1.6, 1.6))
    assert round_.outcome is Verdict.PASS
    assert large.outcome is Verdict.REVIEW


def test_a_pixel_of_1_mm_tells_a_size_and_may_be_one_that_nobody_measured() -> None:
    for side, outcome in ((256, Verdict.PASS), (400, Verdict.REVIEW)):
        _, size = judge_anatomy(MODEL, scanned(head((side, side))), (1.0, 1.0))
        assert (size.name, size.outcome) == (SIZE, outcome)
        assert "if a pixel is 1 mm" in size.message
    _, size = judge_anatomy(MODEL, scanned(head((256, 256))), MM)
    assert "if a pixel is 1 mm" not in size.message


def test_an_empty_image_could_not_be_judged() -> None:
    checks = judge_anatomy(MODEL, np.zeros((64, 64), np.float32), MM)
    assert [check.outcome for check in checks] == [Verdict.REVIEW] * 2
    assert all(check.value != check.value for check in checks)


def test_a_model_that_says_nothing_is_for_any_body_part() -> None:
    anything = ModelFacts("sense", parameters={key: v for key, v in MODEL.parameters.items() if key != LEARNED})
    assert declared(anything) == ()
    assert judge_anatomy(anything, abdomen(), MM) == []
