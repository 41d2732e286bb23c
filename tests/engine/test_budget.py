"""What all streams hold together is bounded, and given back."""

from __future__ import annotations

import pytest

from recon.engine.budget import Budget
from recon.engine.limits import Limits
from recon.errors import InvalidRequest, TooManyRequests

MIB = 1 << 20


def test_what_does_not_fit_beside_the_others_may_be_tried_again() -> None:
    budget = Budget(100 * MIB)
    with budget.account() as one, budget.account() as other:
        one.change(70 * MIB)
        with pytest.raises(TooManyRequests, match="40 MiB are needed and 30 free"):
            other.change(40 * MIB)
        one.change(-50 * MIB)
        other.change(40 * MIB)
        assert budget.held == 60 * MIB
    assert budget.held == 0


def test_what_never_fits_is_refused_for_good() -> None:
    with Budget(100 * MIB).account() as account, pytest.raises(InvalidRequest, match=r"needs 101 MiB, .* at most 100"):
        account.change(101 * MIB)


def test_all_is_given_back_whatever_happens() -> None:
    budget = Budget(100 * MIB)
    account = budget.account()
    account.change(5 * MIB)
    with pytest.raises(RuntimeError), account:
        raise RuntimeError
    assert budget.held == 0


def test_what_a_thread_still_asks_for_when_the_stream_has_ended_is_held_for_nobody() -> None:
    budget = Budget(100 * MIB)
    with budget.account() as account:
        account.change(5 * MIB)
    account.change(40 * MIB)
    account.change(-5 * MIB)
    assert budget.held == 0


def test_the_default_is_part_of_the_machine() -> None:
    assert 0 < Limits().most_bytes < 2**50
    with pytest.raises(InvalidRequest, match="most_bytes is 0"):
        Limits(most_bytes=0)
