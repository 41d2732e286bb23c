"""The session, the checks, and what becomes of a network's answer."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest, UnusableData
from recon.quality.verdict import Verdict, verdict_of
from recon.tasks.contrast.features import CHANNELS
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.contrast.task import ContrastTask
from recon.v1 import common_pb2, contrast_pb2
from recon.volumes import Volume
from recon.wire.chunk_message import chunk_messages
from tests.tasks.contrast.phantom import SHAPE, head, scans, uptake
from tests.tasks.contrast.streams import FACTS, header_of, oracle


def _fill(session: ContrastSession, pre: Volume, low: Volume) -> None:
    for volume in (pre, low):
        for index, plane in enumerate(volume.values):
            for message in chunk_messages(contrast_pb2.SynthesizeRequest, index, plane):
                assert session.add(message) == ()


def test_two_scans_become_slices_with_the_enhancement_added() -> None:
    added = uptake()
    pre, low = scans(added, gain=1.04)
    session = ContrastTask().open(header_of(), FACTS)
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
    result = work.finish(oracle(work, added[24][box] * 300 / work._pair.scale))
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
        ({"survival": True, "probes": common_pb2.PROBES_OFF}, "made by probes"),
    ],
)
def test_headers_that_no_pair_could_satisfy_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        ContrastTask().open(header_of(**changes), FACTS)


def test_scans_with_nothing_in_them_are_refused() -> None:
    pre, low = scans(uptake())
    for bad, message in ((np.nan, "NaN"), (0.0, "everywhere")):
        session = ContrastTask().open(header_of(), FACTS)
        _fill(session, pre, Volume(np.full(SHAPE, bad, np.float32), low.geometry, low.unit))
        with pytest.raises(UnusableData, match=message):
            list(session.complete())
