"""The smallest enhancement at full dose that a scan at a reduced dose can show."""

from __future__ import annotations

import numpy as np

from recon.physics.gaussian import gaussian
from recon.volumes import FloatImage

#: Signal over noise at which a disc is seen reliably (Rose, J Opt Soc Am 38:196, 1948).
ROSE = 4.0
LESION_MM = 5.0
#: What matching the scans' gain leaves uncertain.
GAIN_ERROR = 0.002


def smallest_enhancement(
    difference: FloatImage,
    mean: FloatImage,
    noise: float,
    dose_fraction: float,
    spacing: tuple[float, float, float],
) -> FloatImage:
    """Smallest full-dose enhancement of a ball of 5 mm that stands out of noise and gain error.

    Parameters
    ----------
    difference, mean
        (y, x) of the two aligned scans, 99th percentile of the pre scan 1.
    noise
        Standard deviation of the noise of the difference in the whole scan; locally it may be larger.
    dose_fraction
        Of the low-dose scan.
    spacing
        Distance of columns, rows and slices, mm.

    Returns
    -------
    FloatImage
        (y, x), same unit as ``mean``.
    """
    voxels = max(1.0, np.pi / 6 * LESION_MM**3 / float(np.prod(spacing)))
    # second differences along columns, then along rows
    across = difference[:, :-2] + difference[:, 2:]
    across -= 2 * difference[:, 1:-1]
    both = across[:-2] + across[2:]
    both -= 2 * across[1:-1]
    second = np.zeros_like(difference)
    np.minimum(np.abs(both), np.float32(24.0 * noise), out=second[1:-1, 1:-1])
    random = gaussian(second, 6.0, truncate=3.0)
    random *= np.float32(1.2533 / 6.0)
    np.maximum(random, np.float32(noise), out=random)
    random *= np.float32(ROSE / (dose_fraction * np.sqrt(voxels)))
    steady = mean * np.float32(2.0 * GAIN_ERROR / dose_fraction)
    random *= random
    steady *= steady
    random += steady
    return np.sqrt(random, out=random)
