"""The first and the last message of a stream: what was taken on, and what the whole series shows."""

from __future__ import annotations

from collections.abc import Sequence

from recon import __version__
from recon.engine.models import ServedModel
from recon.engine.slices import SeriesUnderWay
from recon.quality.interval import within_domain
from recon.quality.strength import ChosenStrength
from recon.quality.survival import Survival
from recon.quality.verdict import Check, verdict_of
from recon.v1 import common_pb2
from recon.volumes import Unit
from recon.wire.messages import (
    check_to_message,
    interval_to_message,
    strength_to_message,
    survival_to_message,
    verdict_to_message,
)

_UNITS = {Unit.HU: common_pb2.UNIT_HU, Unit.ARBITRARY: common_pb2.UNIT_ARBITRARY}


def acceptance(
    series: SeriesUnderWay, unit: Unit, model_reason: str, chosen: ChosenStrength | None = None
) -> common_pb2.Accepted:
    """What a caller is told before the first slice.

    Parameters
    ----------
    series
        Whose header has been checked.
    unit
        Of its images.
    model_reason
        Why the model was chosen; empty where the caller or the configuration named it.
    chosen
        How much is smoothed, where that was left to the service.
    """
    session = series.session
    return common_pb2.Accepted(
        provenance=_provenance(series.model),
        interval=interval_to_message(session.interval),
        unit=_UNITS[unit],
        rows=session.rows,
        columns=session.columns,
        slices=session.slices,
        model_reason=model_reason,
        declared_checks=session.declared_checks,
        series_checks=session.series_checks,
        domain_checks=sorted(session.domain_checks),
        strength=None if chosen is None else strength_to_message(chosen),
    )


def series_report(
    series: SeriesUnderWay, checks: Sequence[Check], survival: Sequence[Survival]
) -> common_pb2.SeriesReport:
    """What a caller is told after the last slice.

    Parameters
    ----------
    series
        With its timings.
    checks
        Of all slices together, the most urgent first.
    survival
        What became of known lesions.
    """
    found = within_domain(series.session.interval, checks, series.session.domain_checks)
    return common_pb2.SeriesReport(
        verdict=verdict_to_message(verdict_of(checks)),
        checks=[check_to_message(check) for check in checks],
        timings=series.timings,
        provenance=_provenance(series.model),
        interval=interval_to_message(found),
        probes=[survival_to_message(one) for one in survival],
    )


def _provenance(model: ServedModel) -> common_pb2.Provenance:
    return common_pb2.Provenance(
        software="recon",
        software_version=__version__,
        model=model.name,
        model_version=model.version,
        model_sha256=model.sha256,
        model_tuning=model.tuning,
    )
