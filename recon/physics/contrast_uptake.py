"""How much brighter a tissue gets some minutes after a dose of contrast agent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recon.physics.relaxivity import relaxivity, shortened
from recon.physics.signal_equation import InversionPreparedEcho, SpoiledEcho

FULL_DOSE_MMOL_KG = 0.1
#: Litres per kg of body weight that the agent spreads over within minutes, and how it leaves the plasma then:
#: Weinmann et al., Physiol Chem Phys Med NMR 16:167 (1984).
_PLASMA = ((3.99, 0.144), (4.78, 0.0111))


@dataclass(frozen=True)
class Tissue:
    """Relaxation times without agent at 3 T, and the share of its volume that fills with agent as plasma does.

    T1 and T2* of brain after Stanisz et al., MRM 54:507 (2005) and Peters et al., Magn Reson Imaging 25:748
    (2007); shares are blood volumes (Leenders et al., Brain 113:27, 1990) times 1 - hematocrit, and for tissue
    without a blood-brain barrier its extracellular space (Tofts et al., JMRI 10:223, 1999).
    """

    t1_ms: float
    t2_star_ms: float
    share: float


TISSUES = {
    "grey matter": Tissue(1600.0, 53.0, 0.03),
    "white matter": Tissue(900.0, 50.0, 0.015),
    "vessel": Tissue(1750.0, 50.0, 0.57),
    "dura": Tissue(1100.0, 40.0, 0.20),
    "choroid plexus": Tissue(1800.0, 80.0, 0.25),
    "pituitary": Tissue(1400.0, 60.0, 0.30),
    "lesion": Tissue(1700.0, 70.0, 0.20),
}


def plasma_concentration(dose_mmol_kg: float, minutes: float) -> float:
    """Concentration in plasma (mmol/L) some minutes after a dose in a vein.

    Two exponentials, proportional to the dose (Weinmann et al. 1984).
    """
    return dose_mmol_kg * sum(amplitude * math.exp(-rate * minutes) for amplitude, rate in _PLASMA)


def enhancement(
    tissue: Tissue,
    sequence: SpoiledEcho | InversionPreparedEcho,
    *,
    agent: str,
    field_tesla: float,
    dose_mmol_kg: float,
    minutes: float = 5.0,
) -> float:
    """Signal that a dose adds, over the signal without.

    Parameters
    ----------
    tissue
        What takes it up.
    sequence
        That it is seen with.
    agent, field_tesla
        See :mod:`recon.physics.relaxivity`.
    dose_mmol_kg
        Given; 0.1 is a full dose.
    minutes
        Since then.
    """
    known = relaxivity(agent, field_tesla)
    concentration = tissue.share * plasma_concentration(dose_mmol_kg, minutes)
    before = float(sequence.signal(tissue.t1_ms, tissue.t2_star_ms))
    after = float(
        sequence.signal(
            shortened(tissue.t1_ms, known.r1, concentration), shortened(tissue.t2_star_ms, known.r2, concentration)
        )
    )
    return after / before - 1.0
