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
    edge_energy: float = 1.5
    shift_hu: float = 1.0
    uncertainty_hu: float = 60.0
    out_of_range_share: float = 0.02


LIMITS = Limits()


@dataclass(frozen=True)
class DenoisedSlice:
    """What the network made of one slice.

    Attributes
    ----------
    image
        (y, x) float32, HU.
    uncertainty
        (y, x) float32, HU: half the width of the 90 % interval around ``image``.
    noise
        (y, x) float32, HU: what full strength removes.
    """

    image: FloatImage
    uncertainty: FloatImage
    noise: FloatImage


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


def tensor_shape(hu: FloatImage) -> tuple[int, int, int, int]:
    """Shape (1, 1, y', x') of the network's input for a slice (y, x)."""
    rows, columns = (side + -side % STRIDE for side in hu.shape)
    return 1, 1, rows, columns


def prepare(hu: FloatImage, index: int, out: FloatImage | None = None) -> FloatImage:
    """The network's input (1, 1, y', x'): clipped to CT's range, padded to a multiple of 16.

    Parameters
    ----------
    hu
        (y, x) in HU.
    index
        Number of the slice, for the error message.
    out
        Where to put it; by default a new array.

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
    shape = tensor_shape(hu)
    out = np.empty(shape, np.float32) if out is None else out
    (rows, columns), plane = hu.shape, out[0, 0]
    np.clip(hu, AIR_HU, DENSEST_HU, out=plane[:rows, :columns])
    below, right = shape[2] - rows, shape[3] - columns
    if right:
        plane[:rows, columns:] = plane[:rows, columns - 2 : columns - 2 - right : -1]
    if below:
        plane[rows:] = plane[rows - 2 : rows - 2 - below : -1]
    return out


def finish(hu: FloatImage, output: FloatImage, *, strength: float, factor: float) -> DenoisedSlice:
    """Subtract the noise and scale the interval; :func:`judge` comes next.

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
    """
    rows, columns = hu.shape
    noise, below, above = (plane[:rows, :columns] for plane in output)
    padding = hu < PADDING_HU
    noise = np.where(padding, np.float32(0), noise)
    image = hu - noise * np.float32(strength)
    uncertainty = (below + above) * np.float32(0.5 * factor)
    if strength < 1.0:
        uncertainty += np.float32(1.0 - strength) * np.abs(noise)
    uncertainty[padding] = 0
    return DenoisedSlice(image, uncertainty, noise)


def judge(hu: FloatImage, result: DenoisedSlice, geometry: Geometry) -> list[Check]:
    """What can be measured on a slice without knowing the truth, each against its limits.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    result
        Of :func:`finish`.
    geometry
        Of the series.
    """
    limits = LIMITS
    # means over a quarter of the pixels are as good and cost a quarter
    sparse = np.s_[::2, ::2]
    image, noise, uncertainty = result.image[sparse], result.noise[sparse], result.uncertainty[sparse]
    tissue = (image > TISSUE_HU[0]) & (image < TISSUE_HU[1])
    share = float(tissue.mean())
    outside = float(((hu[sparse] < -3100) | (hu[sparse] > 20000)).mean())
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
    # judged at full strength, whatever share the caller wants removed
    ratio = edge_energy_ratio(hu - result.noise, result.noise)
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
