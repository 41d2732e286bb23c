"""Low-dose CT: a slice in HU to a tensor, and the network's answer to an image with a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon.errors import InvalidRequest, UnusableData
from recon.quality.noise_level import TISSUE_HU, tissue_noise
from recon.quality.removed import edge_energy_ratio
from recon.quality.verdict import Check, Verdict, measure
from recon.volumes import FloatImage, Geometry

SMALLEST, LARGEST = 64, 2048
STRIDE = 16
AIR_HU, DENSEST_HU = -1024.0, 3071.0
#: Values below this are no measurement: scanners fill what lies outside the field of view with them.
PADDING_HU = -1500.0
COVERAGE = 0.9


@dataclass(frozen=True)
class Limits:
    """Where the model has been shown to work; what lies outside goes to REVIEW."""

    noise_hu: tuple[float, float] = (1.5, 75.0)
    matrix: tuple[float, float] = (128, 1024)
    spacing_mm: tuple[float, float] = (0.35, 1.5)
    edge_energy: float = 1.8
    shift_hu: float = 1.0
    uncertainty_hu: float = 60.0
    out_of_range_share: float = 0.02


LIMITS = Limits()


@dataclass(frozen=True)
class DenoisedSlice:
    """What comes back for one slice.

    Attributes
    ----------
    image
        (y, x) float32, HU.
    uncertainty
        (y, x) float32, HU: half the width of the 90 % interval around ``image``.
    checks
        What was measured on this slice.
    """

    image: FloatImage
    uncertainty: FloatImage
    checks: list[Check]


def validate_header(rows: int, columns: int, slices: int, strength: float) -> None:
    """Refuse what no slice could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for name, side in (("rows", rows), ("columns", columns)):
        if not SMALLEST <= side <= LARGEST:
            raise InvalidRequest(
                f"{name} is {side}; slices must have {SMALLEST} to {LARGEST} pixels a side", field=name
            )
    if not 1 <= slices <= 100_000:
        raise InvalidRequest(f"slices is {slices}; a series has 1 to 100000", field="slices")
    if not 0.0 <= strength <= 1.0:
        raise InvalidRequest(f"strength is {strength}; it must lie between 0 and 1", field="strength")


def prepare(hu: FloatImage, index: int) -> FloatImage:
    """The network's input (1, 1, y', x'): clipped to CT's range, padded to a multiple of 16.

    Parameters
    ----------
    hu
        (y, x) in HU.
    index
        Number of the slice, for the error message.

    Raises
    ------
    UnusableData
        When samples are NaN or infinite.
    """
    low, high = float(hu.min()), float(hu.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(hu.size - np.isfinite(hu).sum())
        raise UnusableData(
            f"slice {index} has {bad} NaN or infinite samples; replace them before denoising", field="data"
        )
    rows, columns = hu.shape
    below, right = -rows % STRIDE, -columns % STRIDE
    clipped = np.clip(hu, AIR_HU, DENSEST_HU)
    if below or right:
        clipped = np.pad(clipped, ((0, below), (0, right)), mode="reflect")
    return clipped[None, None]


def finish(hu: FloatImage, output: FloatImage, *, strength: float, factor: float, geometry: Geometry) -> DenoisedSlice:
    """Subtract the noise, scale the interval, and judge the result.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    output
        (3, y', x') of the network: noise, and the widths of the interval below and above, HU.
    strength
        Share of the noise to remove. The interval grows by what was left in.
    factor
        Conformal factor of the model.
    geometry
        Of the series.
    """
    rows, columns = hu.shape
    noise, below, above = (plane[:rows, :columns] for plane in output)
    padding = hu < PADDING_HU  # left exactly as it is
    removed = np.where(padding, np.float32(0), noise * np.float32(strength))
    image = hu - removed
    uncertainty = (below + above) * np.float32(0.5 * factor)
    if strength < 1.0:
        uncertainty = uncertainty + np.float32(1.0 - strength) * np.abs(noise)
    uncertainty = np.where(padding, np.float32(0), uncertainty)
    checks = _checks(hu, image, noise, uncertainty, geometry)
    return DenoisedSlice(image, uncertainty, checks)


def _checks(
    hu: FloatImage, image: FloatImage, noise: FloatImage, uncertainty: FloatImage, geometry: Geometry
) -> list[Check]:
    limits = LIMITS
    tissue = (image > TISSUE_HU[0]) & (image < TISSUE_HU[1])
    share = float(tissue.mean())
    outside = float(((hu < -3100) | (hu > 20000)).mean())
    checks = [
        measure(
            "hu_range",
            outside,
            unit="",
            upper=limits.out_of_range_share,
            severity=Verdict.REJECT,
            message="share of pixels that no CT number scale has",
        ),
        measure(
            "tissue_share",
            share,
            unit="",
            lower=0.005,
            message="share of pixels with the HU of soft tissue",
        ),
        measure(
            "matrix_size",
            float(min(hu.shape)),
            unit="px",
            lower=limits.matrix[0],
            upper=limits.matrix[1],
            message="shorter side of the slice",
        ),
        measure(
            "pixel_spacing",
            max(geometry.spacing[:2]),
            unit="mm",
            lower=limits.spacing_mm[0],
            upper=limits.spacing_mm[1],
            message="distance between pixels",
        ),
    ]
    level = tissue_noise(hu)
    if level == level:
        checks.append(
            measure(
                "noise_level",
                level,
                unit="HU",
                lower=limits.noise_hu[0],
                upper=limits.noise_hu[1],
                message="noise of the input in soft tissue, against the range of the training",
            )
        )
    if share < 0.005:
        return checks
    estimate = hu - noise  # judged at full strength, whatever share the caller wants removed
    ratio = edge_energy_ratio(estimate, noise)
    if ratio == ratio:
        checks.append(
            measure(
                "removed_looks_like_noise",
                ratio,
                unit="",
                upper=limits.edge_energy,
                message="what was removed on edges over what was removed in flat tissue",
            )
        )
    checks.append(
        measure(
            "hu_shift",
            abs(float(noise[tissue].mean())),
            unit="HU",
            upper=limits.shift_hu,
            message="mean change of soft tissue",
        )
    )
    checks.append(
        measure(
            "mean_uncertainty",
            float(uncertainty[tissue].mean()),
            unit="HU",
            upper=limits.uncertainty_hu,
            message="mean half-width of the 90 % interval in soft tissue",
        )
    )
    return checks
