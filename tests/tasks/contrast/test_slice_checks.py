from __future__ import annotations

import numpy as np
import pytest

from recon.quality.verdict import Verdict
from recon.tasks.contrast.slice_checks import judge_slice
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.pairs import with_values
from tests.tasks.contrast.phantom import SHAPE

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


def test_where_low_shows_nothing_the_image_is_pre_and_says_so(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    cut = low.geometry.affine.copy()
    cut[:3, 3] += 4 * cut[:3, 2]  # the scanner's slices begin four further up
    shifted = Volume(low.values[4:].copy(), Geometry(cut), low.unit)
    whole = with_values(low, np.concatenate([shifted.values, np.zeros((4, *SHAPE[1:]), np.float32)]))
    aligned = AlignedPair.of(pre, Volume(whole.values, Geometry(cut), low.unit), 0.1)
    assert aligned.aligned.shown is not None
    for index, work in zip(range(4), aligned.work(1.0), strict=False):
        tensors = {name: np.zeros(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
        work.prepare(tensors)
        answer = {name: np.ones(spec.shape, spec.dtype) for name, spec in work.outputs.items()}
        done = work.finish(answer)
        unseen = ~aligned.aligned.shown[index]
        assert unseen.mean() > 0.9
        assert done.uncertainty[unseen] == pytest.approx(aligned.scale)
        if not any(check.outcome is Verdict.REJECT for check in aligned.checks):
            np.testing.assert_allclose(done.image[unseen], pre.values[index][unseen], rtol=1e-5)
