"""What can be measured on two scans before and after a reduced dose, each against its limits."""

from __future__ import annotations

from dataclasses import dataclass

from recon.quality.verdict import Check, Verdict, measure, unmeasured
from recon.tasks.contrast.alignment import Aligned
from recon.tasks.contrast.evidence import Evidence


@dataclass(frozen=True)
class ContrastLimits:
    """Where the model has been shown to work."""

    motion_mm: tuple[float, float] = (5.0, 10.0)
    degrees: float = 8.0
    gain: tuple[float, float] = (0.4, 2.5)
    bias: float = 0.06
    similarity: float = 0.88
    coverage: float = 0.97
    noise: tuple[float, float] = (1e-4, 0.035)
    mirrored: float = 0.015
    swapped: float = 5.0
    shown: float = 0.9
    enhancing_share: float = 5e-5
    darker_share: float = 0.01
    largest_enhancement: float = 5.0
    unsupported_share: float = 0.004
    uncertainty: tuple[float, float] = (1e-4, 0.2)
    spacing_mm: tuple[float, float] = (0.4, 1.6)
    unsquare: float = 1.3
    slice_mm: float = 6.0


LIMITS = ContrastLimits()
#: What tells whether two scans are ones that the network was made and calibrated for.
DOMAIN = frozenset(
    {
        "motion",
        "rotation",
        "gain",
        "gain_bias",
        "shows_anatomy",
        "same_head_and_sequence",
        "coverage",
        "mirrored",
        "scans_in_order",
        "agent_present",
        "grey_white_contrast",
        "pixel_spacing",
        "square_pixels",
        "slice_spacing",
        "noise_level",
        "enhancement_size",
    }
)
OF_A_SLICE = ("supported_by_low_dose", "mean_uncertainty")
#: A lesion of the scan before contrast alone may be what got darker: that says nothing of the domain.
OF_THE_PAIR = ("darker_tissue", *sorted(DOMAIN))


def judge_pair(aligned: Aligned, found: Evidence, noise: float, spacing: tuple[float, float, float]) -> list[Check]:
    """Checks of the two scans as a whole.

    Parameters
    ----------
    aligned
        The low-dose scan on the pre scan.
    found
        What their difference shows.
    noise
        Standard deviation of the noise of one scan, 99th percentile of the pre scan 1.
    spacing
        Distance of columns, rows and slices, mm.
    """
    limits, reject = LIMITS, Verdict.REJECT
    far = aligned.motion_mm > limits.motion_mm[1]
    checks = [
        measure(
            "motion",
            aligned.motion_mm,
            unit="mm",
            upper=limits.motion_mm[0],
            severity=reject if far else Verdict.REVIEW,
            message="largest displacement of the head between the scans, corrected; beyond 10 mm not trusted",
            action="look for edges in the difference of the scans; scan low again if they are there",
        ),
        measure(
            "rotation",
            aligned.degrees,
            unit="deg",
            upper=limits.degrees,
            message="rotation between the scans",
            action="look for edges in the difference of the scans; scan low again if they are there",
        ),
        measure(
            "gain",
            aligned.gain,
            unit="",
            lower=limits.gain[0],
            upper=limits.gain[1],
            message="intensity of the low-dose scan over the pre scan in tissue that does not enhance, corrected",
            action="ask whether coil, receiver gain or sequence was changed between the scans",
        ),
        measure(
            "gain_bias",
            aligned.bias,
            unit="",
            upper=limits.bias,
            message="slow change of gain in the head, corrected",
            action="another coil or its correction was used; broad faint uptake is doubtful",
        ),
        measure(
            "shows_anatomy",
            found.typical,
            unit="",
            lower=0.3,
            severity=reject,
            message="median of the low-dose scan over its brightest; an image already subtracted is no scan",
            action="give the scan itself as --low, not its difference from pre",
        ),
        measure(
            "same_head_and_sequence",
            aligned.similarity,
            unit="",
            lower=limits.similarity,
            severity=reject,
            message="correlation of the aligned scans; two patients or two sequences don't correlate",
            action="see that both scans are of one patient and one T1-weighted sequence",
        ),
        measure(
            "coverage",
            aligned.coverage,
            unit="",
            lower=limits.coverage,
            severity=reject,
            message="share of the head that the low-dose scan shows",
            action="give scans that cover the same part of the head",
        ),
        _pixel_spacing(spacing),
        measure(
            "square_pixels",
            max(spacing[:2]) / min(spacing[:2]),
            unit="",
            upper=limits.unsquare,
            message="longer side of a pixel over its shorter one",
            action="the network was trained with square pixels; compare with the difference of the scans",
        ),
        measure(
            "slice_spacing",
            spacing[2],
            unit="mm",
            upper=limits.slice_mm,
            message="distance between slices",
            action="the network was not trained for it; compare with the difference of the scans",
        ),
        measure(
            "mirrored",
            aligned.mirrored,
            unit="",
            upper=limits.mirrored,
            severity=reject,
            message="how much better a mirror image of low fits pre than low itself; above, one of the scans is "
            "mirrored",
            action="export both scans again from where they were made",
        ),
        measure(
            "scans_in_order",
            found.darker - limits.swapped * found.brighter,
            unit="",
            upper=1e-4,
            severity=reject,
            message="share of the head that got darker less five times the share that got brighter",
            action="pre and low may be swapped; give the scan before contrast as --pre",
        ),
        measure(
            "agent_present",
            found.brighter,
            unit="",
            lower=limits.enhancing_share,
            severity=reject,
            message="share of the head that got brighter by more than noise; no contrast agent shows",
            action="see that --low is the scan after the reduced dose",
        ),
        measure(
            "darker_tissue",
            found.darker,
            unit="",
            upper=limits.darker_share,
            message="share of the head that got darker, which an agent cannot cause",
            action="look at the difference of the scans for motion or another sequence",
        ),
        measure(
            "enhancement_size",
            found.largest,
            unit="",
            upper=limits.largest_enhancement,
            message="strongest change over the dose fraction; the dose fraction may be wrong",
            action="give the dose of low over the full dose as --dose-fraction",
        ),
    ]
    if noise == noise:
        words = "noise of the scans over the 99th percentile of the pre scan"
        checks.append(
            measure(
                "noise_level",
                noise,
                unit="",
                lower=limits.noise[0],
                upper=limits.noise[1],
                message=words,
                action="too noisy for faint uptake, or filtered until no noise is left; compare with the scans",
            )
        )
    else:
        why, action = "too little tissue", "give scans of a head"
        checks.append(unmeasured("noise_level", unit="", why=why, action=action))
    return checks


def _pixel_spacing(spacing: tuple[float, float, float]) -> Check:
    """Of the side that lies farther outside."""
    sides = (
        measure(
            "pixel_spacing",
            side,
            unit="mm",
            lower=LIMITS.spacing_mm[0],
            upper=LIMITS.spacing_mm[1],
            message="distance between pixels, of rows or columns, whichever is farther from what it should be",
            action="the network was not trained for it; compare with the difference of the scans",
        )
        for side in spacing[:2]
    )
    return max(sides, key=lambda check: check.excess)
