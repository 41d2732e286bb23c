from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import OUTCOMES, InvalidRequest, ReconError, ServiceUnavailable
from recon.quality.verdict import Check, Verdict
from recon.v1 import common_pb2
from recon.volumes import Geometry
from recon.wire.messages import (
    check_from_message,
    check_to_message,
    geometry_from_message,
    geometry_to_message,
)
from recon.wire.status import from_status, to_status


@pytest.mark.parametrize("kind", list(OUTCOMES))
def test_every_error_survives_the_wire(kind: type[ReconError]) -> None:
    status = to_status(kind("what, where, what to do", field="slices"))
    assert status.code == OUTCOMES[kind].status.value[0]
    error, retry = from_status(status)
    assert type(error) is kind
    assert error.problem == "what, where, what to do"
    assert error.field == "slices"
    assert retry == OUTCOMES[kind].retry_after_s


def test_only_errors_that_pass_ask_to_be_tried_again() -> None:
    assert from_status(to_status(ServiceUnavailable("x")))[1] is not None
    assert from_status(to_status(InvalidRequest("x")))[1] is None


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
