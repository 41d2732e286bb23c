"""An interval says what it is, and outside of a model's domain there is none."""

from __future__ import annotations

from recon.quality.interval import Interval, IntervalKind, calibrated, within_domain
from recon.quality.verdict import measure
from recon.wire.messages import interval_from_message, interval_to_message

DOMAIN = frozenset({"noise_level"})


def test_outside_of_the_domain_nothing_is_calibrated() -> None:
    inside = measure("noise_level", 10.0, unit="HU", message="", action="", upper=75.0)
    beyond = measure("noise_level", 90.0, unit="HU", message="", action="", upper=75.0)
    other = measure("hu_shift", 90.0, unit="HU", message="", action="", upper=1.0)
    assert within_domain(calibrated(1.1), [inside, other], DOMAIN) == calibrated(1.1)
    found = within_domain(calibrated(1.1), [beyond], DOMAIN)
    assert found.kind is IntervalKind.NONE
    assert found.coverage is None
    assert "noise_level" in found.basis


def test_propagated_noise_stays_what_it_is() -> None:
    noise = Interval(IntervalKind.PROPAGATED_NOISE)
    assert within_domain(noise, [], DOMAIN) == noise


def test_it_travels() -> None:
    for interval in (calibrated(1.25), Interval(IntervalKind.PROPAGATED_NOISE), Interval(IntervalKind.NONE, basis="x")):
        assert interval_from_message(interval_to_message(interval)) == interval
