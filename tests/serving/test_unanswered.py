"""A Triton hangs when it has not answered often enough and long enough, and not when this machine slept."""

from __future__ import annotations

from recon.serving.unanswered import Unanswered


def lasting(unanswered: Unanswered, times: int, seconds: float) -> int:
    """After how many failures it lasts too long; 0 for never."""
    return next((count for count in range(1, times + 1) if unanswered.lasts(seconds)), 0)


def test_a_minute_without_an_answer_is_too_long() -> None:
    assert lasting(Unanswered(), 100, 2.1) == 29


def test_an_hour_asleep_is_one_failure() -> None:
    unanswered = Unanswered()
    assert not unanswered.lasts(3600.0)
    assert not unanswered.lasts(2.1)


def test_few_failures_that_last_are_not_enough_and_neither_are_many_in_a_moment() -> None:
    assert lasting(Unanswered(), 19, 5.0) == 0
    assert lasting(Unanswered(), 100, 0.1) == 0


def test_an_answer_ends_it_and_what_was_done_about_it_as_well() -> None:
    unanswered = Unanswered()
    assert lasting(unanswered, 28, 2.1) == 0
    unanswered.broken()
    assert lasting(unanswered, 100, 2.1) == 29
    assert lasting(unanswered, 100, 2.1) == 29
