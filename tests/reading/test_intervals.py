"""A share of counted answers knows how little it knows."""

from __future__ import annotations

from recon.reading.intervals import share


def test_a_share_knows_how_little_it_knows() -> None:
    found = share(9, 10)
    assert found is not None
    assert (round(found.low or 0, 3), round(found.high or 0, 3)) == (0.596, 0.982)  # Wilson, as tabulated
    assert share(0, 0) is None
