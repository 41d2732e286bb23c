"""On which slices lesions are added, and how a header says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.tasks.probe import Probes, probes_from_message, probes_to_message
from recon.v1 import common_pb2


@given(st.integers(1, 400))
def test_few_is_a_tenth_of_the_slices_and_at_least_one(slices: int) -> None:
    count = sum(Probes.FEW.on(index, slices) for index in range(slices))
    assert max(1, slices // 10) <= count <= slices // 10 + 1


def test_off_is_none_and_all_is_all() -> None:
    assert not any(Probes.OFF.on(index, 9) for index in range(9))
    assert all(Probes.ALL.on(index, 9) for index in range(9))


@pytest.mark.parametrize("probes", list(Probes))
def test_each_survives_the_header(probes: Probes) -> None:
    assert probes_from_message(probes_to_message(str(probes))) is probes


def test_who_says_nothing_gets_few_and_nonsense_is_refused() -> None:
    assert probes_from_message(common_pb2.PROBES_UNSPECIFIED) is Probes.FEW
    with pytest.raises(InvalidRequest, match="probes is 'many'; it must be one of off, few, all"):
        probes_to_message("many")
    with pytest.raises(InvalidRequest, match="must be one of"):
        probes_from_message(99)
