"""MR contrasts of what was measured by CT: a signal for each tissue, by its attenuation."""

from __future__ import annotations

import numpy as np

from recon.arrays import FloatArray

#: HU of air, lung, fat, water, muscle, organs and vessels with contrast agent, spongy and dense bone.
_HOUNSFIELD = np.array([-1000.0, -850.0, -500.0, -150.0, -70.0, -20.0, 15.0, 45.0, 80.0, 130.0, 220.0, 400.0, 800.0])


def from_hounsfield(values: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A random MR contrast of a CT plane, and where it shows fat.

    Parameters
    ----------
    values
        (y, x) HU.
    rng
        Of the tissues' signals.

    Returns
    -------
    magnitude
        (y, x) float32, at most about 1; air and dense bone are dark as they are to MR.
    fat
        (y, x) float32, 0 to 1.
    """
    lung, fat, edge, fluid, muscle, organ, bright, spongy = (
        rng.uniform(0.0, 0.12),
        rng.uniform(0.1, 1.0),
        rng.uniform(0.1, 0.5),
        rng.uniform(0.05, 1.0),
        rng.uniform(0.12, 0.6),
        rng.uniform(0.15, 0.9),
        rng.uniform(0.1, 1.0),
        rng.uniform(0.1, 0.8),
    )
    heights = np.array(
        [0.0, lung, lung, fat, fat, edge, fluid, muscle, organ, bright, spongy, 0.4 * spongy, 0.05 * spongy]
    )
    magnitude = np.interp(values, _HOUNSFIELD, heights)
    share = np.clip(1 - np.abs(values + 105.0) / 75.0, 0, 1)
    return magnitude.astype(np.float32), np.minimum(1.6 * share, 1).astype(np.float32)
