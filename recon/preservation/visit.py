"""One visit of a subject to the scanner: what is put into it, and six scans in noise of two kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recon.arrays import ComplexArray, FloatArray
from recon.preservation import brain_fraction, two_dates
from recon.preservation.plaques import PLAQUES, PlacedPlaque
from recon.preservation.point_pairs import SEPARATIONS_PX, PlacedPair
from recon.preservation.subject import REACH_PX, Subject, places_in

#: The scans, and which of them have the mask of the other date.
SCANS = ("plain", "lesions", "later", "later, other mask", "later, moved head", "shrunken")
OTHER_MASK = "later, other mask"
_CHANGES_APART_PX = 30


@dataclass(frozen=True)
class Visit:
    """What is scanned, and where to look.

    Attributes
    ----------
    subject, group
        Number of the slice, and of slice and realisation.
    plaques, pairs
        In the scan ``lesions``; in the others there is a blob for each pair.
    changes
        In those of the later date.
    images
        (y, x) complex by scan.
    kspaces
        (coils, ky, kx) with noise by scan: of the first two the same, of the later ones another.
    offset
        Of the mask, from 0 to 1 of an acceleration.
    """

    subject: int
    group: int
    plaques: Sequence[PlacedPlaque]
    pairs: Sequence[PlacedPair]
    changes: Sequence[PlacedPlaque]
    images: dict[str, ComplexArray]
    kspaces: dict[str, ComplexArray]
    offset: float


def visit(subject: Subject, number: int, realisation: int, group: int, seed: int) -> Visit:
    """Draw places, lesions and noise; the same numbers draw the same."""
    rng = np.random.default_rng((seed, number, realisation))
    spots = [(int(row), int(column)) for row, column in places_in(subject.calm, rng)]
    sign = 1 if realisation % 2 == 0 else -1
    # plaques and pairs take turns, and so do their kinds: two plaques, then a pair
    plaques = [
        PlacedPlaque.of(subject, spot, PLAQUES[(turn + 5 * realisation) % len(PLAQUES)], sign)
        for turn, spot in enumerate(spot for index, spot in enumerate(spots) if index % 3 < 2)
    ]
    pairs = [
        PlacedPair.of(subject, spot, SEPARATIONS_PX[(turn + realisation) % 3], (turn // 3) % 2)
        for turn, spot in enumerate(spots[2::3])
    ]
    distant = places_in(subject.calm, rng, _CHANGES_APART_PX, most=4)
    changes = [
        PlacedPlaque.of(subject, (int(row), int(column)), two_dates.CHANGES[index % 2], sign)
        for index, (row, column) in enumerate(distant)
    ]
    plain = subject.with_change(subject.image, _drawn(subject, [(p.place, p.signal(two=False)) for p in pairs]))
    put = [(p.place, p.signal) for p in plaques] + [(p.place, p.signal(two=True)) for p in pairs]
    later = subject.with_change(plain, _drawn(subject, [(c.place, c.signal) for c in changes]))
    images = {
        "plain": plain,
        "lesions": subject.with_change(subject.image, _drawn(subject, put)),
        "later": later,
        OTHER_MASK: later,
        "later, moved head": np.roll(later, two_dates.MOVED_PX, 1),
        "shrunken": brain_fraction.shrunken(subject, plain),
    }
    noises = {scan: 1 if scan in ("plain", "lesions") else 2 for scan in SCANS}
    kspaces = {
        scan: subject.scanned(images[scan], np.random.default_rng((seed, number, realisation, noises[scan])))
        for scan in SCANS
    }
    return Visit(number, group, plaques, pairs, changes, images, kspaces, float(rng.random()))


def _drawn(subject: Subject, signals: Sequence[tuple[tuple[int, int], FloatArray]]) -> FloatArray:
    change = np.zeros(subject.image.shape, np.float32)
    for (row, column), signal in signals:
        change[row - REACH_PX : row + REACH_PX + 1, column - REACH_PX : column + REACH_PX + 1] += signal
    return change
