"""A slice's interval has the factor of scans like it, and says so where there were none."""

from __future__ import annotations

import numpy as np
import pytest

from recon.physics import sampling
from recon.quality import trained_encoding
from recon.quality.conformal_table import Cell, ConformalTable
from recon.quality.interval import IntervalKind, calibrated, within_domain
from recon.quality.verdict import Verdict, measure
from recon.tasks.base import ModelFacts
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.interval import CHECK, TABLE, factor_of
from recon.tasks.mr.session import MrSession
from recon.values.readouts import Readouts

TABLE_OF_CELLS = ConformalTable(
    [
        Cell("regular lines", (1.2, 3.0), (2, 33), 0.9),
        Cell("regular lines", (1.2, 3.0), (1, 2), 1.2, calibrated=False),
        Cell("plane", (1.2, 9.0), (2, 33), 1.4),
    ]
)
MODEL = ModelFacts("network", conformal_factor=1.0, parameters={TABLE: TABLE_OF_CELLS.dump()})


def slice_of(coils: int, acceleration: int) -> Readouts:
    lines = sampling.equispaced(96, acceleration, 20)
    samples = np.ones((96, coils, 80), np.complex64)
    samples[~lines] = 0
    return Readouts(samples, np.repeat(lines[:, None], 80, axis=1).astype(np.uint16))


def test_a_scan_like_those_that_were_calibrated_has_its_factor() -> None:
    factor, (check,) = factor_of(MODEL, slice_of(4, 2))
    assert factor == 0.9
    assert check.outcome is Verdict.PASS


@pytest.mark.parametrize(("coils", "acceleration", "factor"), [(1, 2, 1.2), (4, 8, 1.4)])
def test_any_other_scan_is_for_review(coils, acceleration, factor) -> None:
    """With the factor of its group where it has one, else with the widest."""
    found, (check,) = factor_of(MODEL, slice_of(coils, acceleration))
    assert found == factor
    assert check.outcome is Verdict.REVIEW
    assert f"{coils} coil" in check.message
    assert "not calibrated" in check.message


@pytest.mark.parametrize("kind", ["short echo", "short references", "grid"])
def test_a_kind_of_scan_that_was_not_calibrated_has_the_widest_factor_and_is_for_review(kind) -> None:
    """It is none of the patterns in the plane, whose factor may be half of what lines need."""
    scan = slice_of(4, 6)
    if kind == "short echo":
        scan.counts[:, :16] = 0
    elif kind == "short references":
        scan.counts[np.arange(96) % 6 != 0, 60:] = 0
    else:
        scan.counts[:, np.arange(80) % 2 != 0] = 0
    found, (check,) = factor_of(MODEL, Readouts(scan.samples * (scan.counts > 0)[:, None], scan.counts))
    assert found == TABLE_OF_CELLS.widest
    assert check.outcome is Verdict.REVIEW
    assert "not calibrated" in check.message
    session = MrSession("scan", SeriesFacts("cartesian", 4, 80, 96, 1, 1, (80, 96)), MODEL)
    assert within_domain(session.interval, [check], session.domain_checks).kind is IntervalKind.NONE


def test_a_model_without_a_table_has_one_factor() -> None:
    assert factor_of(ModelFacts("other", conformal_factor=1.3), slice_of(1, 2)) == (1.3, [])


def test_a_series_without_the_check_is_no_pass_and_its_interval_is_none_where_it_does_not_hold() -> None:
    session = MrSession("scan", SeriesFacts("cartesian", 1, 80, 96, 1, 1, (80, 96)), MODEL)
    assert CHECK in session.declared_checks
    assert session.interval.kind is IntervalKind.CALIBRATED
    assert session.interval.conformal_factor is None  # not all slices have the same
    _, (check,) = factor_of(MODEL, slice_of(1, 2))
    assert within_domain(session.interval, [check], session.domain_checks).kind is IntervalKind.NONE


@pytest.mark.parametrize("name", sorted(trained_encoding.NAMES))
def test_data_that_a_learned_transform_was_not_trained_for_have_no_calibrated_interval(name) -> None:
    beyond = measure(name, 2.0, unit="", message="", action="", upper=1.0)
    assert within_domain(calibrated(1.0), [beyond], MrSession.domain_checks).kind is IntervalKind.NONE
