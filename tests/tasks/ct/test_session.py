from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.tasks.base import ModelFacts
from recon.tasks.ct.session import CtSession, CtWork, validate_header
from recon.v1 import common_pb2, ct_pb2
from recon.wire.messages import geometry_to_message
from tests.tasks.ct.outputs import GEOMETRY


def _session(rows: int, columns: int, slices: int, **changes: Any) -> CtSession:
    header = ct_pb2.CtHeader(
        rows=rows,
        columns=columns,
        slices=slices,
        unit=common_pb2.UNIT_HU,
        geometry=geometry_to_message(GEOMETRY),
        sample_type=common_pb2.SAMPLE_TYPE_FLOAT32,
        **changes,
    )
    return CtSession(header, ModelFacts("ct_denoise"))


def _work(hu: np.ndarray) -> CtWork:
    session = _session(*hu.shape, 1)
    chunk = common_pb2.Chunk(data=np.ascontiguousarray(hu, "<f4").tobytes())
    (work,) = session.add(ct_pb2.DenoiseRequest(chunk=chunk))
    assert session.is_complete
    return work


@settings(max_examples=30)
@given(st.integers(64, 200), st.integers(64, 200))
def test_any_size_is_padded_to_the_networks_stride(rows: int, columns: int) -> None:
    hu = np.random.default_rng(0).normal(0, 50, (rows, columns)).astype(np.float32)
    work = _work(hu)
    (spec,) = work.inputs.values()
    assert spec.shape[2] % 16 == 0
    assert spec.shape[3] % 16 == 0
    tensor = np.full(spec.shape, np.nan, spec.dtype)
    work.prepare({"hu": tensor})
    assert np.isfinite(tensor).all()
    np.testing.assert_array_equal(tensor[0, 0, :rows, :columns], hu)


@pytest.mark.parametrize(
    ("rows", "columns", "slices", "strength", "field"),
    [
        (63, 128, 1, 1.0, "rows"),
        (128, 100_000, 1, 1.0, "columns"),
        (128, 128, 0, 1.0, "slices"),
        (128, 128, 1, 1.2, "strength"),
        (128, 128, 1, float("nan"), "strength"),
    ],
)
def test_impossible_headers_are_refused(rows: int, columns: int, slices: int, strength: float, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        validate_header(rows, columns, slices, strength)
    assert caught.value.field == field


def test_a_map_of_lesions_that_nobody_adds_is_refused() -> None:
    assert _session(64, 64, 1, survival=True).maps
    with pytest.raises(InvalidRequest, match="made by probes; leave them on"):
        _session(64, 64, 1, survival=True, probes=common_pb2.PROBES_OFF)


@pytest.mark.parametrize(("side", "slices"), [(64, 3), (512, 300), (2048, 1000)])
def test_what_is_kept_for_the_whole_series_is_bounded(side: int, slices: int) -> None:
    session = _session(side, side, slices)
    plane = common_pb2.Chunk(data=bytes(4 * side * side))
    sent = min(slices, 2)
    for index in range(sent):
        plane.slice_index = index
        for start in range(0, len(plane.data), 1 << 22):
            part = common_pb2.Chunk(slice_index=index, offset_bytes=start, data=plane.data[start : start + (1 << 22)])
            session.add(ct_pb2.DenoiseRequest(chunk=part))
    held = sum(part.size for part in session._sample)
    assert all(part.base is None for part in session._sample)  # no slice is kept whole
    assert held * slices / sent <= 1_050_000
    assert held >= min(64, side / 32) * sent  # and enough is seen of each
