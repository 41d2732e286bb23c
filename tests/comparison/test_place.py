"""What keeps two scans from being subtracted, and what is said of those that are."""

from __future__ import annotations

import numpy as np
import pytest

from recon.comparison.likeness import Likeness
from recon.comparison.place import placed
from recon.comparison.register import Laid
from recon.quality.comparability import Comparison
from recon.volumes import Unit


def _placed(
    covered: float = 1.0,
    alike: float | None = 0.95,
    gain: float | None = 1.0,
    unit: Unit = Unit.HU,
    by_image: bool = False,
) -> Comparison:
    nothing = np.zeros((1, 1, 1), np.float32)
    return placed(Laid(nothing, nothing, 35.0, Likeness(covered, alike, gain), by_image), unit)


def test_nothing_is_said_of_scans_that_lie_on_each_other() -> None:
    assert _placed() == Comparison([], [])


@pytest.mark.parametrize("covered", [0.0, 0.04])
def test_what_the_later_scan_does_not_show_is_not_compared(covered: float) -> None:
    assert "the later scan shows" in _placed(covered, None).differences[0]


def test_a_part_that_is_not_shown_is_said() -> None:
    assert "shows 50% of the earlier one; of the rest nothing is known" in _placed(0.5).unknown[0]


def test_scans_that_could_not_be_laid_onto_each_other_are_not_compared() -> None:
    assert "could not be laid onto each other (correlation 0.30" in _placed(alike=0.3).differences[0]
    assert _placed(alike=0.75).comparable
    assert "poorly" in _placed(alike=0.75).unknown[0]
    assert not _placed(alike=0.75, by_image=True).comparable
    assert "too little structure" in _placed(alike=None).unknown[0]


def test_coordinates_that_do_not_match_and_a_gain_are_said() -> None:
    assert "moved by 35 mm" in _placed(by_image=True).unknown[0]
    assert "divided by 1.15" in _placed(gain=1.15, unit=Unit.ARBITRARY).unknown[0]
    assert "nothing is bright enough" in _placed(gain=None, unit=Unit.ARBITRARY).unknown[0]
