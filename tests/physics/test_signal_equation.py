"""The closed forms against the Bloch equations stepped pulse by pulse."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics.signal_equation import InversionPreparedEcho, SpoiledEcho


@pytest.mark.parametrize("t1", [300.0, 900.0, 1600.0, 4000.0])
def test_spoiled_echo_is_the_steady_state_of_many_pulses(t1: float) -> None:
    sequence = SpoiledEcho(8.0, 3.0, 15.0)
    m = 1.0
    for _ in range(5000):
        m = 1 - (1 - m * np.cos(np.radians(15.0))) * np.exp(-8.0 / t1)
    wanted = m * np.sin(np.radians(15.0)) * np.exp(-3.0 / 50.0)
    assert sequence.signal(t1, 50.0) == pytest.approx(wanted, rel=1e-9)


def test_the_ernst_angle_is_the_best() -> None:
    best = SpoiledEcho(10.0, 2.0, 1.0).ernst_angle_degrees(1000.0)
    signals = [float(SpoiledEcho(10.0, 2.0, best + d).signal(1000.0, 50.0)) for d in (-1, 0, 1)]
    assert signals[1] == max(signals)


def test_long_repetition_shows_proton_density() -> None:
    assert SpoiledEcho(1e6, 0.0, 90.0).signal(1000.0, 50.0) == pytest.approx(1.0)


@pytest.mark.parametrize("t1", [400.0, 900.0, 1600.0])
@pytest.mark.parametrize("efficiency", [1.0, 0.9])
def test_inversion_prepared_echo_is_the_steady_state_of_many_cycles(t1: float, efficiency: float) -> None:
    sequence = InversionPreparedEcho(900.0, 7.0, 3.0, 9.0, 160, 80, 2300.0, efficiency)
    cosine, sine = np.cos(np.radians(9.0)), np.sin(np.radians(9.0))

    def wait(m: float, time: float) -> float:
        return 1 - (1 - m) * float(np.exp(-time / t1))

    m, seen = 1.0, 0.0
    for _ in range(40):
        m = wait((1 - 2 * efficiency) * m, 900.0 - 80 * 7.0)
        for pulse in range(160):
            if pulse == 80:
                seen = abs(m) * sine
            m = wait(m * cosine, 7.0)
        m = wait(m, 2300.0 - (900.0 - 80 * 7.0) - 160 * 7.0)
    assert sequence.signal(t1, 50.0) == pytest.approx(seen * np.exp(-3.0 / 50.0), rel=1e-9)


def test_a_train_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        InversionPreparedEcho(300.0, 7.0, 3.0, 9.0, 160, 80, 2300.0).signal(900.0, 50.0)
