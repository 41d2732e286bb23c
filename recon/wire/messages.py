"""Geometry, checks and chunks as protocol messages, and back."""

from __future__ import annotations

import numpy as np

from recon.errors import InvalidRequest
from recon.quality.interval import Interval, IntervalKind
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Least, Lesion, Survival
from recon.quality.verdict import Check, Verdict
from recon.v1 import common_pb2
from recon.volumes import Geometry

#: Most pixels' bytes that a message may bring.
CHUNK_BYTES = 4 * 1024 * 1024
#: Most that a message of ours brings: with all around it, it stays below gRPC's usual limit of 4 MiB.
PIECE_BYTES = CHUNK_BYTES - 128 * 1024


def geometry_to_message(geometry: Geometry) -> common_pb2.Geometry:
    """16 numbers, row by row."""
    return common_pb2.Geometry(affine_lps_mm=geometry.affine.ravel().tolist())


def geometry_from_message(message: common_pb2.Geometry) -> Geometry:
    """A geometry that can be used.

    Raises
    ------
    InvalidRequest
        When numbers are missing or not finite, or it is a placement that no scan has.
    """
    values = np.array(message.affine_lps_mm, dtype=np.float64)
    if values.size != 16 or not np.isfinite(values).all():
        raise InvalidRequest(
            f"geometry.affine_lps_mm needs 16 finite numbers, got {values.size}",
            field="geometry.affine_lps_mm",
        )
    affine = values.reshape(4, 4)
    geometry = Geometry(affine)
    if geometry.impossible:
        raise InvalidRequest(f"geometry.affine_lps_mm: {geometry.impossible}", field="geometry.affine_lps_mm")
    return geometry


def check_to_message(check: Check) -> common_pb2.Check:
    """A check; open limits stay absent."""
    message = common_pb2.Check(
        name=check.name,
        value=check.value,
        unit=check.unit,
        outcome=verdict_to_message(check.outcome),
        message=check.message,
    )
    if check.lower is not None:
        message.lower_limit = check.lower
    if check.upper is not None:
        message.upper_limit = check.upper
    return message


def check_from_message(message: common_pb2.Check) -> Check:
    """The check that :func:`check_to_message` wrote."""
    return Check(
        name=message.name,
        value=message.value,
        lower=message.lower_limit if message.HasField("lower_limit") else None,
        upper=message.upper_limit if message.HasField("upper_limit") else None,
        unit=message.unit,
        outcome=verdict_from_message(message.outcome),
        message=message.message,
    )


_KINDS = {
    IntervalKind.CALIBRATED: common_pb2.INTERVAL_KIND_CALIBRATED,
    IntervalKind.PROPAGATED_NOISE: common_pb2.INTERVAL_KIND_PROPAGATED_NOISE,
    IntervalKind.NONE: common_pb2.INTERVAL_KIND_NONE,
}


def interval_to_message(interval: Interval) -> common_pb2.Interval:
    """The interval as it travels."""
    return common_pb2.Interval(
        kind=_KINDS[interval.kind],
        coverage=interval.coverage,
        conformal_factor=interval.conformal_factor,
        basis=interval.basis,
    )


def interval_from_message(message: common_pb2.Interval) -> Interval:
    """The interval that :func:`interval_to_message` wrote; one of no kind that is known is none."""
    known = {value: kind for kind, value in _KINDS.items()}
    return Interval(
        known.get(message.kind, IntervalKind.NONE),
        message.coverage if message.HasField("coverage") else None,
        message.conformal_factor if message.HasField("conformal_factor") else None,
        message.basis,
    )


def survival_to_message(survival: Survival) -> common_pb2.Probe:
    """What became of a known lesion."""
    kept = common_pb2.KeptContrast(median=survival.median, p10=survival.p10, p90=survival.p90)
    lesion = survival.lesion
    return common_pb2.Probe(
        size_mm=lesion.size_mm, contrast=lesion.contrast, unit=lesion.unit, kept=kept, places=survival.places
    )


def survival_from_message(message: common_pb2.Probe) -> Survival:
    """What :func:`survival_to_message` wrote."""
    lesion, kept = Lesion(message.size_mm, message.contrast, message.unit), message.kept
    return Survival(lesion, kept.median, kept.p10, kept.p90, message.places)


def strength_to_message(chosen: ChosenStrength) -> common_pb2.ChosenStrength:
    """A chosen strength as it travels."""
    full = None if chosen.full is None else survival_to_message(chosen.full)
    return common_pb2.ChosenStrength(strength=chosen.strength, reason=chosen.reason, at_full_strength=full)


def strength_from_message(message: common_pb2.ChosenStrength) -> ChosenStrength:
    """What :func:`strength_to_message` wrote."""
    full = survival_from_message(message.at_full_strength) if message.HasField("at_full_strength") else None
    return ChosenStrength(message.strength, message.reason, full)


def least_to_message(least: Least) -> common_pb2.RequiredLesion:
    """A lesion that must keep a share of its contrast, as it travels."""
    lesion = least.lesion
    return common_pb2.RequiredLesion(size_mm=lesion.size_mm, contrast=lesion.contrast, kept=least.kept)


def least_from_message(message: common_pb2.RequiredLesion, unit: str) -> Least:
    """What :func:`least_to_message` wrote, of a task whose contrasts are in that unit.

    Raises
    ------
    InvalidRequest
        When there is no such lesion, or no such share.
    """
    if not (0 < message.size_mm < 1e3 and 0 < message.contrast < 1e4):
        raise InvalidRequest(f"no lesion has {message.size_mm:g} mm and {message.contrast:g} {unit}", field="required")
    if not 0 < message.kept <= 1:
        raise InvalidRequest(f"kept is {message.kept:g}; a share is above 0 and at most 1", field="required.kept")
    return Least(Lesion(message.size_mm, message.contrast, unit), message.kept)


_VERDICTS = {
    Verdict.PASS: common_pb2.VERDICT_PASS,
    Verdict.REVIEW: common_pb2.VERDICT_REVIEW,
    Verdict.REJECT: common_pb2.VERDICT_REJECT,
}


def verdict_to_message(verdict: Verdict) -> common_pb2.Verdict:
    """A verdict as it travels."""
    return _VERDICTS[verdict]


def verdict_from_message(value: int) -> Verdict:
    """A verdict that is missing or unknown is no PASS."""
    return Verdict(value) if value in (1, 2, 3) else Verdict.REVIEW
