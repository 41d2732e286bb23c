"""Pairs that can be no pair are rejected slice by slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recon.quality.verdict import Verdict, verdict_of
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Volume
from tests.tasks.contrast.phantom import SHAPE, ball, head, scans, uptake
from tests.tasks.contrast.streams import oracle


def _rejected(pre: Volume, low: Volume) -> set[str]:
    pair = AlignedPair.of(pre, low, 0.1)
    return {check.name for check in pair.checks if check.outcome is Verdict.REJECT}


def test_swapped_scans_are_rejected() -> None:
    pre, low = scans(uptake())
    assert "scans_in_order" in _rejected(low, pre)


def test_no_agent_is_rejected_and_nothing_is_synthesised() -> None:
    pre, low = scans(np.zeros(SHAPE, np.float32))
    pair = AlignedPair.of(pre, low, 0.1)
    assert "agent_present" in {check.name for check in pair.checks if check.outcome is Verdict.REJECT}
    work = list(pair.work(1.0))[20]
    result = work.finish(oracle(work, np.ones((8, 8), np.float32)))
    np.testing.assert_array_equal(result.image, pre.values[20])
    assert verdict_of(work.judge_input()) is Verdict.REJECT


def test_a_subtracted_image_is_rejected() -> None:
    pre, low = scans(uptake())
    subtracted = Volume(np.maximum(low.values - pre.values, 0), low.geometry, low.unit)
    assert {"same_head_and_sequence"} <= _rejected(pre, subtracted)


def test_another_head_is_rejected() -> None:
    pre, _ = scans(uptake())
    other = head(seed=77)[:, ::-1] * 300 + np.random.default_rng(3).normal(0, 3, SHAPE)
    assert "same_head_and_sequence" in _rejected(pre, Volume(other.astype(np.float32), pre.geometry, pre.unit))


def test_a_lesion_in_the_pre_scan_alone_is_reported_as_darker_tissue() -> None:
    pre, low = scans(uptake())
    values = pre.values.copy()
    values[ball(SHAPE, (24, 40, 30), (7, 8, 8)) < 1] *= 1.4
    pair = AlignedPair.of(replace(pre, values=values), low, 0.1)
    assert {check.name: check.outcome for check in pair.checks}["darker_tissue"] is Verdict.REVIEW


def test_enhancement_without_evidence_is_reported_and_not_shown() -> None:
    pre, low = scans(uptake())
    pair = AlignedPair.of(pre, low, 0.1)
    work = list(pair.work(1.0))[24]
    box = pair.box
    invented = np.zeros(SHAPE[1:], np.float32)[box]
    place = (slice(25, 35), slice(35, 45))
    invented[place] = 0.9
    result = work.finish(oracle(work, invented))
    checks = {check.name: check.outcome for check in result.checks}
    assert checks["supported_by_low_dose"] is Verdict.REVIEW
    shown = (result.image - 0.5 * (pair.pre[24] + pair.low[24]))[box] / pair.scale
    assert shown[place].mean() < 0.5
    assert (result.uncertainty[box] / pair.scale)[place][3:7, 3:7].min() > 0.4
