"""Whether two scans lie on each other well enough to be subtracted, in words."""

from __future__ import annotations

from recon.comparison.register import LEAST_COVERED, Laid
from recon.quality.comparability import Comparison
from recon.volumes import Unit

#: Correlation below which scans do not lie on each other: heads apart have 0.1, lungs breathed out by 6 cm 0.68.
LEAST_ALIKE = 0.7
#: Where the scanner's coordinates are of no use: the chest laid onto its neighbouring piece has 0.67.
LEAST_ALIKE_BY_IMAGE = 0.85
#: Below these it is said; a chest breathed out by 2 cm has a correlation of 0.9.
_WELL_ALIKE, _WELL_COVERED = 0.85, 0.9


def placed(laid: Laid, unit: Unit) -> Comparison:
    """What of the place of two scans keeps them from being compared, and what somebody should know of it."""
    like = laid.like
    if like.covered < LEAST_COVERED:
        return Comparison([f"place: the later scan shows {like.covered:.0%} of what the earlier one shows"], [])
    least = LEAST_ALIKE_BY_IMAGE if laid.by_image else LEAST_ALIKE
    if like.alike is not None and like.alike < least:
        words = f"the scans could not be laid onto each other (correlation {like.alike:.2f}, at least {least:g})"
        return Comparison([f"place: {words}"], [])
    return Comparison([], _notes(laid, unit))


def _notes(laid: Laid, unit: Unit) -> list[str]:
    like, notes = laid.like, []
    if like.covered < _WELL_COVERED:
        notes.append(f"place: the later scan shows {like.covered:.0%} of the earlier one; of the rest nothing is known")
    if like.alike is None:
        notes.append("place: too little structure to tell whether the scans lie on each other")
    elif like.alike < _WELL_ALIKE:
        notes.append(f"place: they lie on each other poorly (correlation {like.alike:.2f}), which looks like change")
    if laid.by_image:
        notes.append(f"place: the scanner's coordinates do not match; moved by {laid.moved_mm:.0f} mm to fit the image")
    if unit is Unit.ARBITRARY:
        if like.gain is None:
            notes.append("gain: units are arbitrary, and nothing is bright enough to match the gain of the scans")
        else:
            notes.append(
                f"gain: units are arbitrary; the later image was divided by {like.gain:.3g}, "
                "and a change of the whole image is not seen"
            )
    return notes
