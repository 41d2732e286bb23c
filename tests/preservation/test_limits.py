from __future__ import annotations

import pytest

from recon.preservation.limits import BIAS, KEPT, judged


@pytest.mark.parametrize(
    ("value", "outcome"), [(0.9, "pass"), (0.7, "so-so"), (0.5, "FAIL"), (float("nan"), "not measured")]
)
def test_more_is_better_for_what_is_kept(value: float, outcome: str) -> None:
    assert KEPT.outcome(value) == outcome


def test_less_is_better_for_a_bias_and_what_was_not_measured_is_no_zero() -> None:
    assert [BIAS.outcome(value) for value in (1.0, 3.0, 5.0)] == ["pass", "so-so", "FAIL"]
    assert judged(float("nan"), BIAS, "bias")["value"] is None
