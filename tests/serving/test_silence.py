"""A Triton hangs when it has not answered often enough and long enough, and not when this machine slept."""

from __future__ import annotations

from recon.serving.silence import Silence


def lasting(silence: Silence, times: int, seconds: float) -> int:
    """After how many failures it lasts too long; 0 for never."""
    return next((count for count in range(1, times + 1) if silence.lasts(seconds)), 0)


def test_a_minute_without_an_answer_is_too_long() -> None:
    assert lasting(Silence(), 100, 2.1) == 29


def test_an_hour_asleep_is_one_failure() -> None:
    silence = Silence()
    assert not silence.lasts(3600.0)
    assert not silence.lasts(2.1)


def test_few_failures_that_last_are_not_enough_and_neither_are_many_in_a_moment() -> None:
    assert lasting(Silence(), 19, 5.0) == 0
    assert lasting(Silence(), 100, 0.1) == 0


def test_an_answer_ends_it_and_what_was_done_about_it_as_well() -> None:
    silence = Silence()
    assert lasting(silence, 28, 2.1) == 0
    silence.broken()
    assert lasting(silence, 100, 2.1) == 29
    assert lasting(silence, 100, 2.1) == 29
