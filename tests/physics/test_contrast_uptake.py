"""What a dose does to the signal."""

from __future__ import annotations

import pytest

from recon.physics.contrast_uptake import FULL_DOSE_MMOL_KG, TISSUES, enhancement, plasma_concentration
from recon.physics.relaxivity import AGENTS, RELAXIVITIES, relaxivity, shortened
from recon.physics.signal_equation import InversionPreparedEcho, SpoiledEcho

SPOILED = SpoiledEcho(8.0, 3.0, 15.0)
MPRAGE = InversionPreparedEcho(900.0, 7.0, 3.0, 9.0, 160, 80, 2300.0)


def test_rates_add() -> None:
    assert 1000 / shortened(1000.0, 4.5, 0.2) == pytest.approx(1.0 + 4.5 * 0.2)
    assert shortened(1000.0, 4.5, 0.0) == pytest.approx(1000.0)


def test_every_agent_is_known_at_both_fields() -> None:
    assert set(RELAXIVITIES) == {(agent, field) for agent in AGENTS for field in (1.5, 3.0)}
    assert all(value.r2 >= value.r1 for value in RELAXIVITIES.values())
    with pytest.raises(ValueError, match="gadobutrol"):
        relaxivity("gadobutrol", 7.0)


def test_plasma_holds_a_dose_in_a_fifth_to_a_quarter_of_the_body_and_loses_it() -> None:
    five = plasma_concentration(0.1, 5.0)
    assert 0.4 < five < 0.8
    assert plasma_concentration(0.1, 60.0) < five
    assert plasma_concentration(0.01, 5.0) == pytest.approx(five / 10)


@pytest.mark.parametrize("sequence", [SPOILED, MPRAGE])
@pytest.mark.parametrize("name", sorted(TISSUES))
def test_signal_grows_with_dose_and_little_less_than_in_proportion(name: str, sequence: SpoiledEcho) -> None:
    values = [
        enhancement(TISSUES[name], sequence, agent="gadobutrol", field_tesla=3.0, dose_mmol_kg=dose)
        for dose in (0.0, 0.1 * FULL_DOSE_MMOL_KG, 0.5 * FULL_DOSE_MMOL_KG, FULL_DOSE_MMOL_KG)
    ]
    assert values[0] == pytest.approx(0.0)
    assert values == sorted(values)
    # a tenth of the dose gives a tenth of the enhancement, or up to half as much again in blood
    assert 0.95 < values[1] / (0.1 * values[3]) < 1.5


def test_vessels_and_lesions_enhance_most_and_normal_brain_hardly() -> None:
    full = {
        name: enhancement(tissue, SPOILED, agent="gadoterate", field_tesla=3.0, dose_mmol_kg=FULL_DOSE_MMOL_KG)
        for name, tissue in TISSUES.items()
    }
    assert full["white matter"] < full["grey matter"] < 0.15 < full["lesion"] < full["vessel"]
