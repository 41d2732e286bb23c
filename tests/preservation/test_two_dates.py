from __future__ import annotations

import numpy as np

from recon.preservation.plaques import PlacedPlaque
from recon.preservation.subject import picture, places_in
from recon.preservation.two_dates import CHANGES, SeenChanges, look, measures
from recon.training.mr.preserve import made_up


def test_a_true_change_is_found_and_another_is_false() -> None:
    subject = made_up(160)
    before = np.abs(subject.image)
    first, second = ((int(r), int(c)) for r, c in places_in(subject.calm, np.random.default_rng(0), 40, most=2))
    true, false = (PlacedPlaque.of(subject, spot, CHANGES[0], -1) for spot in (first, second))
    after = before.copy()
    for change in (true, false):
        picture(after, change.place)[:] += change.signal
    assert look(subject, before, before, [true]) == SeenChanges(0, ((CHANGES[0], False),))
    seen = look(subject, before, after, [true])
    assert seen.found == ((CHANGES[0], True),)
    assert 1 <= seen.false < 1.5  # scaled to the whole inside
    assert look(subject, before, after, [true, false]).false == 0


def test_another_mask_is_told_and_not_judged() -> None:
    many = [SeenChanges(49, ((CHANGES[0], True),))]
    found = measures({"same mask": many, "other mask": many})
    assert found["false changes, same mask"]["outcome"] == "FAIL"
    assert found["false changes, other mask"]["outcome"] == "no limit"
    assert "recon compare" in found["false changes, other mask"]["words"]
    assert found[f"change seen, {CHANGES[0]}, same mask"]["value"] == 1
