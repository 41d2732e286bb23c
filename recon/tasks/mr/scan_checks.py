"""What can be measured on an MR scan before its image is made, against the domain of the model that makes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.physics.thermal_noise import noise_beside_object
from recon.quality.conformal_table import Range
from recon.quality.verdict import Check, measure, unmeasured
from recon.tasks.mr.checks import LIMITS
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.noise import ROOT_HALF
from recon.tasks.mr.sampling import Sampling
from recon.values.readouts import Readouts


def judge_input(
    readouts: Readouts, sampling: Sampling, domain: Domain, noise_std: float, dead: npt.NDArray[np.bool_]
) -> list[Check]:
    """Sampling, matrix, coils and noise of a slice whose ``dead`` coils are left out already."""
    limits, cartesian = LIMITS, sampling.kind == "cartesian"
    checks = [
        _within(
            "coil_count",
            float(sampling.coils),
            "",
            domain.coils,
            "receive coils",
            "reconstruct with --model l1-wavelet, or sense where that takes more coils",
        ),
        _dead(dead),
        _within(
            "acceleration",
            sampling.acceleration,
            "",
            (0.0, domain.acceleration[1]),
            "samples of the matrix over samples measured"
            if cartesian
            else "distance of neighbouring samples where they lie farthest apart, in cycles per field of view",
            "measure more; small structure may be lost or made up",
        ),
        *(_on_a_grid(sampling, domain) if cartesian else []),
    ]
    if noise_std > 0 and cartesian:
        measured = readouts.mask.any(axis=1)
        found = noise_beside_object(readouts.samples[measured], readouts.mask[measured]) * ROOT_HALF
        checks.append(
            measure(
                "noise_scan_agreement",
                found / noise_std,
                unit="",
                lower=limits.noise_agreement[0],
                upper=limits.noise_agreement[1],
                message="noise beside the object over what the noise scan foretells for its bandwidth",
                action="interference, or a noise scan of another series; look for stripes",
            )
        )
    return checks


def _dead(dead: npt.NDArray[np.bool_]) -> Check:
    names = ", ".join(str(index + 1) for index in np.flatnonzero(dead))
    words = f"coils that receive nothing and are left out: {names} of {len(dead)}" if names else "coils without signal"
    most = LIMITS.dead_coils * len(dead)
    return measure(
        "dead_coils",
        float(dead.sum()),
        unit="",
        upper=most,
        message=words,
        action="so many were lost that the rest may see only part of the body; check the coil's connection",
    )


def _on_a_grid(sampling: Sampling, domain: Domain) -> list[Check]:
    sides, centre = (float(sampling.rows), float(sampling.columns)), max(domain.calibration, domain.centred)
    checks = [
        measure(
            "line_acceleration",
            sampling.line_acceleration,
            unit="",
            upper=LIMITS.line_acceleration,
            message="lines of the matrix over lines measured, whole or in part; beyond it small structure is softened",
            action="don't rule out small lesions with this image; measure more lines for that",
        ),
        _within(
            "matrix_size",
            min(sides),
            "px",
            (domain.matrix[0], float("inf")),
            "shorter side of the matrix",
            "the network was not trained for it; compare with --model l1-wavelet",
        ),
        _within(
            "matrix_extent",
            max(sides),
            "px",
            (0.0, domain.matrix[1]),
            "longer side of the matrix",
            "the network was not trained for it; compare with --model l1-wavelet",
        ),
    ]
    if centre > 0:
        checks.append(
            measure(
                "calibration_region",
                float(sampling.centred if domain.centred else sampling.calibration),
                unit="samples",
                lower=centre,
                message="shorter side of the fully sampled centre, which shows the coils' sensitivities",
                action="measure more of the centre; folds of the image may be left, see --model zero-filled",
            )
        )
    return checks


def _within(name: str, value: float, unit: str, limits: Range, message: str, action: str) -> Check:
    """Against a model's domain; where that says nothing, there is nothing that could hold."""
    least, most = limits
    if not least and most == float("inf"):
        return unmeasured(name, unit=unit, why="the model's configuration does not say what it is for", action=action)
    upper = most if most < float("inf") else None
    return measure(name, value, unit=unit, lower=least or None, upper=upper, message=message, action=action)
