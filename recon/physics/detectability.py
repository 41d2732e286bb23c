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
    second = np.zeros_like(difference)
    d = difference
    second[1:-1, 1:-1] = (
        4 * d[1:-1, 1:-1]
        - 2 * (d[:-2, 1:-1] + d[2:, 1:-1] + d[1:-1, :-2] + d[1:-1, 2:])
        + (d[:-2, :-2] + d[:-2, 2:] + d[2:, :-2] + d[2:, 2:])
    )
    local = gaussian(np.minimum(np.abs(second), np.float32(24.0 * noise)), 6.0, truncate=3.0) * np.float32(1.2533 / 6.0)
    random = ROSE * np.maximum(local, np.float32(noise)) / np.float32(dose_fraction * np.sqrt(voxels))
    steady = 2.0 * GAIN_ERROR / dose_fraction * np.abs(mean)
    return np.sqrt(random * random + steady * steady).astype(np.float32)
