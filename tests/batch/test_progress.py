"""How fast a run is, in words."""

from __future__ import annotations

from recon.batch.progress import rate_words


def test_rate_in_words() -> None:
    assert rate_words(0, 10, 5) == ""
    assert rate_words(120, 60, 60) == "2.0 items/s, 30 s left"
    assert rate_words(10, 1000, 600) == "1.0 items/min, 16.7 h left"
