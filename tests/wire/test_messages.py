"""Values survive the wire, and what is missing or unknown is never taken for fine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.quality.interval import Interval, IntervalKind
from recon.quality.survival import Lesion, Survival
from recon.quality.verdict import Check, Verdict
from recon.v1 import common_pb2
from recon.volumes import Geometry
from recon.wire.messages import (
    check_from_message,
    check_to_message,
    geometry_from_message,
    geometry_to_message,
    interval_from_message,
    interval_to_message,
    survival_from_message,
    survival_to_message,
    verdict_from_message,
)


@given(
    st.builds(
        Check,
        name=st.text(),
        value=st.floats(allow_nan=False),
        lower=st.none() | st.floats(allow_nan=False),
        upper=st.none() | st.floats(allow_nan=False),
        unit=st.text(),
        outcome=st.sampled_from(Verdict),
        message=st.text(),
    )
)
def test_checks_survive_the_wire(check: Check) -> None:
    assert check_from_message(check_to_message(check)) == check


def test_geometry_survives_the_wire_and_nonsense_is_refused() -> None:
    geometry = Geometry.from_spacing(0.7, 0.8, 3.0)
    assert (geometry_from_message(geometry_to_message(geometry)).affine == geometry.affine).all()
    for values in ([1.0] * 15, [0.0] * 16, [float("nan")] * 16):
        with pytest.raises(InvalidRequest, match="affine"):
            geometry_from_message(common_pb2.Geometry(affine_lps_mm=values))


@given(
    st.builds(
        Interval,
        st.sampled_from(IntervalKind),
        st.none() | st.floats(0, 1),
        st.none() | st.floats(0, 10),
        st.text(),
    )
)
def test_intervals_survive_the_wire(interval: Interval) -> None:
    """What is not known stays unknown: a factor of 0 is another thing than none."""
    assert interval_from_message(interval_to_message(interval)) == interval


@given(
    st.builds(
        Survival,
        st.builds(Lesion, *[st.floats(0, 1024, width=32)] * 2, st.text()),
        *[st.floats(-8, 8, width=32)] * 3,
        st.integers(0, 999),
    )
)
def test_what_became_of_lesions_survives_the_wire(survival: Survival) -> None:
    assert survival_from_message(survival_to_message(survival)) == survival


@given(st.integers(-5, 99))
def test_a_verdict_that_nobody_knows_is_no_pass(value: int) -> None:
    found = verdict_from_message(value)
    assert (found is Verdict.PASS) == (value == common_pb2.VERDICT_PASS)


def test_an_interval_of_a_kind_that_nobody_knows_is_none() -> None:
    assert interval_from_message(common_pb2.Interval()).kind is IntervalKind.NONE
