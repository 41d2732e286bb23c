"""Bounds are above 0, and grow with the instances of a model."""

from __future__ import annotations

from dataclasses import fields

import pytest

from recon.engine.limits import Limits, require_operations
from recon.errors import InvalidRequest


@pytest.mark.parametrize("name", [bound.name for bound in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_every_bound_is_above_zero(name: str, value: float) -> None:
    with pytest.raises(InvalidRequest, match=f"{name} is {value}"):
        Limits(**{name: value})


def test_more_instances_are_kept_busy() -> None:
    assert Limits().for_instances(1) == Limits()
    grown = Limits(read_ahead=2, in_flight=2).for_instances(4)
    assert (grown.read_ahead, grown.in_flight) == (5, 5)
    assert Limits(in_flight=8).for_instances(4).in_flight == 8


def test_work_beyond_the_bound_is_refused_with_what_to_do() -> None:
    require_operations(1e9, 1e12)
    for needed in (2e12, float("inf"), float("nan")):
        with pytest.raises(InvalidRequest, match="RECON_LIMITS__MOST_OPERATIONS"):
            require_operations(needed, 1e12)
