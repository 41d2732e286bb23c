"""Figures of a report, drawn as SVG."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recon.batch.charts import Point, scatter, ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 9
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in found)


def test_a_figure_with_one_value() -> None:
    picture = scatter([Point(0, 5, "PASS", "a<b"), Point(1, 5, "PASS", "b")], "HU", ("first", "last"))
    assert picture.count("<circle") == 2
    assert "a&lt;b" in picture
