"""Relaxivities as tabulated, and rates that add."""

from __future__ import annotations

import pytest

from recon.physics.relaxivity import AGENTS, relaxivity, shortened


def test_every_agent_is_known_at_both_fields_and_relaxes_less_at_the_higher() -> None:
    for agent in AGENTS:
        low, high = relaxivity(agent, 1.5), relaxivity(agent, 3.0)
        assert high.r1 < low.r1 < low.r2
    with pytest.raises(ValueError, match="no relaxivity of water at 7 T"):
        relaxivity("water", 7.0)


def test_rates_add() -> None:
    assert shortened(1000.0, 4.0, 0.0) == 1000.0
    assert shortened(1000.0, 4.0, 0.25) == pytest.approx(500.0)
    assert 1 / shortened(800.0, 5.2, 1.0) == pytest.approx(1 / 800 + 5.2 / 1000)
