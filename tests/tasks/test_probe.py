"""On which slices lesions are added, and how a header says so."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.tasks.probe import EVERY, Probes, probes_from_message, probes_to_message, wants_maps
from recon.v1 import common_pb2


@given(st.integers(1, 400))
def test_few_is_a_twelfth_of_the_slices_and_at_least_one_evenly_spread(slices: int) -> None:
    found = [index for index in range(slices) if Probes.FEW.on(index, slices)]
    assert len(found) == max(1, slices // EVERY)
    assert abs(found[0] - (slices - 1 - found[-1])) <= 1
    assert {after - before for before, after in pairwise(found)} <= {slices // len(found), slices // len(found) + 1}


def test_few_of_a_series_whose_length_nobody_knows_is_one_in_so_many() -> None:
    assert sum(Probes.FEW.on(index, None) for index in range(10 * EVERY)) == 10


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


def test_a_map_without_lesions_is_refused() -> None:
    """It would be missing in the result, and nobody would have said why."""
    assert wants_maps(True, Probes.FEW)
    assert not wants_maps(False, Probes.OFF)
    with pytest.raises(InvalidRequest, match="made by probes; leave them on"):
        wants_maps(True, Probes.OFF)
