"""Hounsfield units and attenuation: air, water, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.physics.attenuation import AIR_HU, MU_WATER_PER_MM, hu_to_mu, mu_to_hu


def test_water_and_air() -> None:
    assert hu_to_mu(np.array(0.0)) == pytest.approx(MU_WATER_PER_MM)
    assert hu_to_mu(np.array([AIR_HU, -3000.0])).tolist() == [0.0, 0.0]


@given(st.floats(-1000, 3000))
def test_there_and_back(hu: float) -> None:
    assert mu_to_hu(hu_to_mu(np.array(hu))) == pytest.approx(hu, abs=1e-6)
