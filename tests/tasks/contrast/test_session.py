"""The session, the checks, and what becomes of a network's answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recon.engine.limits import Limits
from recon.errors import InvalidRequest, UnusableData
from recon.quality.verdict import Verdict, verdict_of
from recon.tasks.base import ModelFacts
from recon.tasks.contrast.evidence import unsupported
from recon.tasks.contrast.features import CHANNELS, REACH, SIGMAS, SlabGrid, halo, slab_features
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.contrast.slices import AlignedPair
from recon.tasks.contrast.task import ContrastTask
from recon.v1 import common_pb2, contrast_pb2
from recon.volumes import Geometry, Volume
from recon.wire.chunk_message import chunk_messages
from recon.wire.messages import geometry_to_message
from tests.tasks.contrast.phantom import SHAPE, ball, geometry, head, scans, uptake

FACTS = ModelFacts("contrast_enhance", conformal_factor=1.5)


def _header(**changes: object) -> contrast_pb2.ContrastHeader:
    header = contrast_pb2.ContrastHeader(
        slices=SHAPE[0],
        rows=SHAPE[1],
        columns=SHAPE[2],
        geometry=geometry_to_message(geometry()),
        low_slices=SHAPE[0],
        low_rows=SHAPE[1],
        low_columns=SHAPE[2],
        low_geometry=geometry_to_message(geometry()),
        sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
        dose_fraction=0.1,
    )
    for name, value in changes.items():
        setattr(header, name, value)
    return header


def _fill(session: ContrastSession, pre: Volume, low: Volume) -> None:
    for volume in (pre, low):
        for index, plane in enumerate(volume.values):
            for message in chunk_messages(contrast_pb2.SynthesizeRequest, index, plane):
                assert session.add(message) == ()


def _oracle(work, enhancement: np.ndarray) -> dict[str, np.ndarray]:
    """A network that always finds this."""
    shape = work.outputs["enhancement_and_interval"].shape
    out = np.full(shape, 0.05, np.float32)
    out[0, 0] = 0
    out[0, 0, : enhancement.shape[0], : enhancement.shape[1]] = enhancement
    return {"enhancement_and_interval": out}


def test_two_scans_become_slices_with_the_enhancement_added() -> None:
    added = uptake()
    pre, low = scans(added, gain=1.04)
    session = ContrastTask().open(_header(), FACTS)
    assert session.progress == "0 of 48 slices of 'pre' and 0 of 48 slices of 'low'"
    _fill(session, pre, low)
    assert session.is_complete
    works = list(session.complete())
    assert [work.index for work in works] == list(range(SHAPE[0]))
    checks = {check.name: check for check in session.judge_series()}
    assert checks["gain"].value == pytest.approx(1.04, rel=0.002)
    assert verdict_of(checks.values()) is Verdict.PASS
    work = works[24]
    tensors = {name: np.full(spec.shape, np.nan, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    assert tensors["features"].shape[1] == CHANNELS
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())
    box = work._pair.box
    result = work.finish(_oracle(work, added[24][box] * 300 / work._pair.scale))
    inside = head()[24] > 0
    full = 300 * (head() + added)[24]
    assert np.abs(result.image - full)[inside].mean() < 5.0
    assert (result.uncertainty[inside] > 0).all()
    assert result.extra["DETECTABILITY"].shape == SHAPE[1:]
    assert 1.0 < result.extra["DETECTABILITY"][inside].mean() < 100.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low_slices": 40}, "same matrix"),
        ({"low_rows": 128}, "same matrix"),
        ({"dose_fraction": 1.0}, "dose_fraction"),
        ({"dose_fraction": float("nan")}, "dose_fraction"),
        ({"rows": 4}, "rows is 4"),
        ({"slices": 1}, "slices is 1"),
        ({"sample_type": common_pb2.SAMPLE_TYPE_COMPLEX64}, "sample_type"),
    ],
)
def test_headers_that_no_pair_could_satisfy_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        ContrastTask().open(_header(**changes), FACTS)


def test_scans_with_nothing_in_them_are_refused() -> None:
    pre, low = scans(uptake())
    for bad, message in ((np.nan, "NaN"), (0.0, "everywhere")):
        session = ContrastTask().open(_header(), FACTS)
        _fill(session, pre, Volume(np.full(SHAPE, bad, np.float32), low.geometry, low.unit))
        with pytest.raises(UnusableData, match=message):
            list(session.complete())


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
    result = work.finish(_oracle(work, np.ones((8, 8), np.float32)))
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
    result = work.finish(_oracle(work, invented))
    checks = {check.name: check.outcome for check in result.checks}
    assert checks["supported_by_low_dose"] is Verdict.REVIEW
    shown = (result.image - 0.5 * (pair.pre[24] + pair.low[24]))[box] / pair.scale
    assert shown[place].mean() < 0.5
    assert (result.uncertainty[box] / pair.scale)[place][3:7, 3:7].min() > 0.4


def test_enhancement_without_evidence_is_marked() -> None:
    rng = np.random.default_rng(0)
    difference = rng.normal(0, 0.14, (96, 80)).astype(np.float32)
    predicted = np.zeros((96, 80), np.float32)
    assert not unsupported(predicted, difference, 0.14).any()
    predicted[40:50, 40:50] = 0.6
    marked = unsupported(predicted, difference, 0.14) > 0
    assert marked[42:48, 42:48].all()
    assert not marked[:30].any()
    difference[40:50, 40:50] += 0.6
    assert not unsupported(predicted, difference, 0.14).any()


def test_slabs_give_the_features_of_the_whole() -> None:
    pre, low = scans(uptake())
    pair = AlignedPair.of(pre, low, 0.1)
    found = pair.anatomy
    mean, difference, grid = pair.slab(0, SHAPE[0])
    whole = slab_features(mean, difference, grid, found)
    around = halo(1.0)
    first = max(0, 20 - around)
    part = slab_features(*pair.slab(first, 36), found, slice(20 - first, 22 - first))
    for one, other in zip([*part.smoothed, part.regression], [*whole.smoothed, whole.regression], strict=True):
        np.testing.assert_allclose(one, other[20:22], atol=2e-3)
    np.testing.assert_array_equal(part.mean[part.first], whole.mean[20])
    assert 2 * (2 * REACH + 1) + len(SIGMAS) + 1 == CHANNELS
    assert isinstance(grid, SlabGrid)


@pytest.mark.parametrize(
    ("spacing", "slices", "message"),
    [
        ((1e5, 1e5, 1.0), 48, "1e.05 mm apart; 0.05 to 50 mm"),
        ((12.0, 12.0, 12.0), 48, "columns lie 12 mm apart; 0.2 to 10 mm"),
        ((0.1, 0.1, 1.0), 48, "columns lie 0.1 mm apart; 0.2 to 10 mm"),
        ((8.0, 8.0, 0.25), 48, "32 times its shortest; at most 20"),
        ((0.25, 0.25, 8.0), 48, "32 times its shortest; at most 20"),
        ((1.0, 1.0, 0.5), 6, "6 slices cover 3 mm; at least 10 mm"),
    ],
)
def test_voxels_that_no_scan_of_a_head_has_are_refused_by_the_header(
    spacing: tuple[float, float, float], slices: int, message: str
) -> None:
    placed = geometry_to_message(Geometry.from_spacing(*spacing))
    header = _header(slices=slices, low_slices=slices)
    header.geometry.CopyFrom(placed)
    header.low_geometry.CopyFrom(placed)
    with pytest.raises(InvalidRequest, match=message):
        ContrastTask().open(header, FACTS)


def test_the_estimate_of_work_grows_with_voxels_and_thin_slices() -> None:
    def operations(sides: int, slice_mm: float) -> float:
        placed = geometry_to_message(Geometry.from_spacing(1.0, 1.0, slice_mm))
        header = _header(slices=sides, rows=sides, columns=sides, low_slices=sides, low_rows=sides, low_columns=sides)
        header.geometry.CopyFrom(placed)
        header.low_geometry.CopyFrom(placed)
        return ContrastTask().open(header, FACTS).operations

    assert 1e8 < operations(64, 1.0) < 0.1 * operations(256, 1.0)
    assert operations(256, 0.25) > 3 * operations(256, 1.0)
    assert operations(256, 1.0) < Limits().most_operations  # what scanners make is never refused
