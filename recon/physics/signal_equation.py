"""Signal of T1-weighted gradient echoes: spoiled, and prepared by an inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.arrays import FloatArray


@dataclass(frozen=True)
class SpoiledEcho:
    """A spoiled gradient echo in its steady state (FLASH, SPGR, T1-FFE).

    Attributes
    ----------
    repetition_ms, echo_ms
        Repetition and echo time.
    flip_degrees
        Of the excitation.
    """

    repetition_ms: float
    echo_ms: float
    flip_degrees: float

    def signal(self, t1_ms: FloatArray | float, t2_star_ms: FloatArray | float) -> FloatArray:
        """Signal over that of the full magnetisation.

        sin a (1 - E) / (1 - E cos a) exp(-TE / T2*), E = exp(-TR / T1): Haase et al., *FLASH imaging*,
        J Magn Reson 67:258 (1986).

        Parameters
        ----------
        t1_ms, t2_star_ms
            Relaxation times, any shape.
        """
        angle, rest = np.radians(self.flip_degrees), np.exp(-self.repetition_ms / np.asarray(t1_ms))
        steady = (1 - rest) / (1 - rest * np.cos(angle))
        return np.asarray(np.sin(angle) * steady * np.exp(-self.echo_ms / np.asarray(t2_star_ms)))

    def ernst_angle_degrees(self, t1_ms: float) -> float:
        """Flip angle of the largest signal at this T1."""
        return float(np.degrees(np.arccos(np.exp(-self.repetition_ms / t1_ms))))


@dataclass(frozen=True)
class InversionPreparedEcho:
    """A train of gradient echoes after an inversion, repeated (MPRAGE, IR-SPGR).

    Attributes
    ----------
    inversion_ms
        From the inversion to the echo of the k-space centre.
    spacing_ms, echo_ms
        Between excitations, and from an excitation to its echo.
    flip_degrees
        Of each excitation.
    echoes, centre
        How many excitations follow an inversion, and how many of them come before the k-space centre.
    cycle_ms
        From inversion to inversion.
    efficiency
        Of the inversion, 1 for a perfect one.
    """

    inversion_ms: float
    spacing_ms: float
    echo_ms: float
    flip_degrees: float
    echoes: int
    centre: int
    cycle_ms: float
    efficiency: float = 1.0

    def signal(self, t1_ms: FloatArray | float, t2_star_ms: FloatArray | float) -> FloatArray:
        """Magnitude of the signal at the k-space centre in the steady state, over that of the full magnetisation.

        Each part of the cycle turns the longitudinal magnetisation m into a m + b; the steady state is the
        one m that the whole cycle leaves alone (Deichmann et al., *Optimization of 3-D MP-RAGE sequences for
        structural brain imaging*, NeuroImage 12:112, 2000).

        Parameters
        ----------
        t1_ms, t2_star_ms
            Relaxation times, any shape.
        """
        t1 = np.asarray(t1_ms, dtype=np.float64)
        before = self.inversion_ms - self.centre * self.spacing_ms
        after = self.cycle_ms - before - self.echoes * self.spacing_ms
        if before < 0 or after < 0:
            raise ValueError("the train of echoes does not fit between two inversions")
        cosine = np.cos(np.radians(self.flip_degrees))
        pulse = np.exp(-self.spacing_ms / t1)
        a, b = 1 - 2 * self.efficiency * np.ones_like(t1), np.zeros_like(t1)
        a, b = _recover(a, b, before, t1)
        centre_a, centre_b = _train(a, b, self.centre, cosine, pulse)
        a, b = _train(a, b, self.echoes, cosine, pulse)
        a, b = _recover(a, b, after, t1)
        steady = b / (1 - a)
        length = np.abs(centre_a * steady + centre_b) * np.sin(np.radians(self.flip_degrees))
        return np.asarray(length * np.exp(-self.echo_ms / np.asarray(t2_star_ms)))


def _recover(a: FloatArray, b: FloatArray, time_ms: float, t1_ms: FloatArray) -> tuple[FloatArray, FloatArray]:
    rest = np.exp(-time_ms / t1_ms)
    return a * rest, b * rest + 1 - rest


def _train(a: FloatArray, b: FloatArray, count: int, cosine: float, pulse: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``count`` excitations, each followed by recovery: the sum of a geometric series."""
    ratio = cosine * pulse
    power = ratio**count
    return a * power, b * power + (1 - pulse) * (1 - power) / (1 - ratio)
