"""What can be measured on an MR image without knowing the truth, each against its limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.physics.trajectory_coverage import coverage_of
from recon.quality import trained_encoding
from recon.quality.verdict import Check, measure, unmeasured
from recon.tasks.mr.anatomy import ANATOMY, SIZE
from recon.tasks.mr.noise import ROOT_HALF, noise_of, noise_share, root_mean_square
from recon.values.readouts import Readouts
from recon.volumes import FloatImage


@dataclass(frozen=True)
class MrLimits:
    """What every model needs, beside its own domain; what lies outside goes to REVIEW."""

    #: Beyond it, lesions of three pixels lose a third of their contrast where whole lines are left out.
    line_acceleration: float = 3.5
    #: Share of the coils that may receive nothing.
    dead_coils: float = 0.25
    #: Of the measured samples' energy (its root) that an image may leave unexplained beyond the noise.
    residual: float = 0.2
    #: Nothing that is measured is without noise: filtered data, or coils that are dead, are.
    noise_to_signal: tuple[float, float] = (1e-5, 0.35)
    uncertainty: tuple[float, float] = (1e-6, 0.25)
    #: Share of the matrix that a linear method may leave without data before its interval says too little.
    missing: float = 0.02
    wrap_around: float = 0.35
    #: Noise measured in the scan over what the noise scan foretells.
    noise_agreement: tuple[float, float] = (0.7, 1.5)


LIMITS = MrLimits()
_CARTESIAN = ("line_acceleration", "acceleration", "matrix_size", "matrix_extent")
#: What tells whether a scan is one that a model was made and calibrated for.
DOMAIN = frozenset(
    {"coil_count", "noise_to_signal", "calibration_region", "interval_calibration", ANATOMY, SIZE, *_CARTESIAN}
    | trained_encoding.NAMES
)


@dataclass(frozen=True)
class Measured:
    """A reconstructed slice and what it was made of.

    Attributes
    ----------
    readouts
        That went in.
    image, uncertainty
        (y, x) float32 of the result.
    residual
        Root of the energy of the measured samples that the image does not explain, over their whole.
    noise_std
        Of a coil's real part, from a noise scan; 0 where unknown.
    linear
        Whether the uncertainty is the propagated noise of a linear method.
    combined
        Whether coils were combined by root-sum-of-squares, whose background is all coils' noise.
    """

    readouts: Readouts
    image: FloatImage
    uncertainty: FloatImage
    residual: float
    noise_std: float = 0.0
    linear: bool = False
    combined: bool = False


def judge(measured: Measured) -> list[Check]:
    """Consistency with the data, noise, wrap-around and uncertainty of a result."""
    limits = LIMITS
    image = measured.image
    levels, source = noise_of(measured.readouts, measured.noise_std)
    noise = root_mean_square(levels)
    inside = image > 0.1 * float(np.percentile(image, 99))
    signal = float(image[inside].mean()) if inside.any() else 0.0
    expected = noise_share(measured.readouts, noise)
    ratio = noise / ROOT_HALF / signal if signal else float("nan")
    checks = [
        measure(
            "noise_to_signal",
            ratio,
            unit="",
            lower=limits.noise_to_signal[0],
            upper=limits.noise_to_signal[1],
            message=f"noise of a coil, {source}, over the mean signal of the image",
            action="too noisy to read, or without any noise as filtered data and dead coils are; look at the raw data",
        )
    ]
    if not measured.combined:  # every sample is kept as it is: nothing could be left over
        checks.append(
            measure(
                "data_consistency",
                measured.residual,
                unit="",
                upper=float(np.hypot(limits.residual, 1.2 * expected)),
                message="share of the measured samples that the image does not explain, root of the energy; "
                f"their noise alone is {expected:.2g}",
                action="motion, a wrong mask or a model that does not fit; compare with --model sense",
            )
        )
    if measured.readouts.trajectory is None:  # along one that turns, what lies beyond the field of view blurs
        checks.append(_wrap_around(measured, noise, signal))
    if measured.linear:
        checks.append(_missing(measured.readouts, max(image.shape)))
    checks.append(_uncertainty(measured, signal, inside, source))
    return checks


def declared(*, cartesian: bool, calibrated: bool, combined: bool, linear: bool, noise_known: bool) -> tuple[str, ...]:
    """Names of the checks without which a series is no PASS.

    Parameters
    ----------
    cartesian
        Whether samples lie on a grid.
    calibrated
        Whether the model needs the centre of that grid.
    combined
        Whether coils are combined by root-sum-of-squares.
    linear
        Whether the interval is the propagated noise of a linear method.
    noise_known
        Whether there was a noise scan.
    """
    names = ["coil_count", "dead_coils", "noise_to_signal", "mean_uncertainty"]
    names += ["wrap_around", *_CARTESIAN] if cartesian else ["acceleration"]
    names += ["calibration_region"] * (cartesian and calibrated)
    names += ["noise_scan_agreement"] * (noise_known and cartesian)
    names += ["data_consistency"] * (not combined) + ["missing_samples"] * linear
    return tuple(names)


def _missing(readouts: Readouts, matrix: int) -> Check:
    """What a linear method fills with its own assumptions, of which its interval knows nothing."""
    mask, path = readouts.mask, readouts.trajectory
    share = 1 - (float(mask.mean()) if path is None else min(1.0, coverage_of(path[mask], matrix).share))
    return measure(
        "missing_samples",
        share,
        unit="",
        upper=LIMITS.missing,
        message="share of the matrix that was not measured; the interval of a linear method holds noise, no artefact",
        action="the true error may be several times the width; compare with a network, or measure all",
    )


def _wrap_around(measured: Measured, noise: float, signal: float) -> Check:
    image = measured.image
    if not signal:
        why = "there is no signal whose edge could be measured"
        return unmeasured("wrap_around", why=why, action="look whether the scan shows anything")
    edge = np.concatenate([image[:, :2], image[:, -2:]], axis=1)
    coils = measured.readouts.samples.shape[1] if measured.combined else 1
    floor = 2 * noise**2 * coils
    value = float(np.sqrt(max(0.0, float(np.mean(np.square(edge, dtype=np.float64))) - floor))) / signal
    return measure(
        "wrap_around",
        value,
        unit="",
        upper=LIMITS.wrap_around,
        message="signal on the edges along the phase encoding over the mean signal: what lies beyond folds in",
        action="look for folds; scan again with a larger field of view along the phase encoding",
    )


def _uncertainty(measured: Measured, signal: float, inside: npt.NDArray[np.bool_], source: str) -> Check:
    value = float(measured.uncertainty[inside].mean()) / signal if signal else float("nan")
    words = "mean half-width of the 90 % interval over the mean signal"
    if value != value:
        words += "; this method knows none, so its error can't be bounded"
    elif measured.linear:
        words += f"; propagated noise ({source}) of a linear method, 1.645 standard deviations, no bias or artefact"
    return measure(
        "mean_uncertainty",
        value,
        unit="",
        lower=LIMITS.uncertainty[0],
        upper=LIMITS.uncertainty[1],
        message=words,
        action="nothing bounds the error of this image; compare with another method",
    )
