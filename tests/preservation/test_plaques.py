from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.plaques import PLAQUES, PlacedPlaque, Plaque, contrast_at, look, measures
from recon.preservation.subject import REACH_PX, picture, places_in, shown
from recon.training.mr.preserve import made_up


@pytest.mark.parametrize("sign", [1, -1])
def test_what_a_method_keeps_is_what_is_measured(sign: int) -> None:
    subject = made_up(128)
    plain = np.abs(subject.image)
    spots = [(int(row), int(column)) for row, column in places_in(subject.calm, np.random.default_rng(1))]
    flat = [spot for spot in spots if abs(contrast_at(picture(plain, spot), 3)) < 0.01]
    placed = [PlacedPlaque.of(subject, spot, Plaque(3, 40), sign) for spot in flat]
    assert len(placed) >= 3
    with_ = plain.copy()
    for one in placed:
        picture(with_, one.place)[:] += one.signal
    truth = with_, plain
    wide, narrow = (np.full_like(plain, width) for width in (1.0, 1e-6))
    faint = plain + 0.3 * (with_ - plain)
    whole = [look(one, truth, truth, truth, (wide, wide)) for one in placed]
    part = [look(one, (faint, plain), truth, truth, (narrow, narrow)) for one in placed]
    groups = np.zeros(len(placed), int)
    good, bad = measures(whole, groups), measures(part, groups)
    name = "3 px plaque of 40 %"
    assert good[f"kept, {name}"]["value"] == pytest.approx(1)
    assert bad[f"kept, {name}"]["value"] == pytest.approx(0.3)
    assert [found[f"lost, {name}"]["value"] for found in (good, bad)] == [0, 1]
    assert [found[f"interval, {name}"]["value"] for found in (good, bad)] == [1, 0]
    assert "says nothing" in good[f"interval, {name}"]["words"]
    assert bad[f"kept, {name}"]["outcome"] == bad[f"lost, {name}"]["outcome"] == "FAIL"


def test_structure_where_there_is_no_plaque_is_false() -> None:
    subject = made_up(128)
    plain = shown(subject.kspace(subject.image))
    (row, column) = (int(n) for n in places_in(subject.calm, np.random.default_rng(1))[0])
    placed = PlacedPlaque.of(subject, (row, column), Plaque(3, 40), 1)
    ghost = plain.copy()
    picture(ghost, placed.place)[:] += 0.8 * placed.signal
    seen = look(placed, (ghost, ghost), (plain, plain), (plain, plain), None)
    found = measures([seen], np.zeros(1, int))
    assert found["false, 3 px plaque of 40 %"]["value"] == 1
    assert found["false, 3 px plaque of 40 %"]["outcome"] == "FAIL"
    assert "interval, 3 px plaque of 40 %" not in found


def test_contrast_is_above_what_is_around() -> None:
    flat = np.full((2 * REACH_PX + 1,) * 2, 7.0, np.float32)
    assert contrast_at(flat, 3) == pytest.approx(0, abs=1e-5)
    assert {plaque.size_px for plaque in PLAQUES} == {2, 3, 4, 6}
