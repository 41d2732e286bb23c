"""Hounsfield units and linear attenuation."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray

#: Linear attenuation of water at 70 keV, per mm (NIST XCOM: 0.1929 per cm).
MU_WATER_PER_MM = 0.01929

AIR_HU = -1000.0


def hu_to_mu(hu: FloatArray) -> FloatArray:
    """Linear attenuation per mm of an image in HU; never negative.

    Parameters
    ----------
    hu
        Image in Hounsfield units, any shape.

    Returns
    -------
    FloatArray
        Attenuation per mm, same shape.
    """
    return MU_WATER_PER_MM * np.maximum(1.0 + np.asarray(hu) / 1000.0, 0.0)


def mu_to_hu(mu: FloatArray) -> FloatArray:
    """Hounsfield units of a linear attenuation map (per mm)."""
    return 1000.0 * (np.asarray(mu) / MU_WATER_PER_MM - 1.0)
