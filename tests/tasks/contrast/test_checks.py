"""Swapped and warped scans are told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from recon.quality.interval import IntervalKind, calibrated, within_domain
from recon.quality.verdict import Check, Verdict
from recon.tasks.contrast.checks import DOMAIN, OF_THE_PAIR
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.pairs import judged, with_values
from tests.tasks.contrast.phantom import SHAPE


def test_whatever_rejects_a_pair_leaves_no_calibrated_interval(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    good = judged(pre, low)
    assert set(good) == set(OF_THE_PAIR)
    kinds = [within_domain(calibrated(1.0), good.values(), DOMAIN).kind]
    assert kinds == [IntervalKind.CALIBRATED]
    for name, check in good.items():
        failed = replace(check, outcome=Verdict.REJECT)
        kind = within_domain(calibrated(1.0), [failed], DOMAIN).kind
        assert (kind is IntervalKind.NONE) == (name != "darker_tissue"), name
    swapped = judged(low, with_values(pre, pre.values.copy())).values()
    assert within_domain(calibrated(1.0), swapped, DOMAIN).kind is IntervalKind.NONE


def test_swapped_scans_are_named_and_a_warp_is_something_else(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    assert judged(low, with_values(pre, pre.values.copy()))["scans_in_order"].outcome is Verdict.REJECT
    rng = np.random.default_rng(3)
    places = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij")).astype(float)
    for axis in (1, 2):
        field = gaussian_filter(rng.standard_normal(SHAPE), 12)
        places[axis] += field / np.abs(field).max()  # 1 mm at most
    for one, other in ((pre, low), (low, pre)):
        warped = with_values(other, map_coordinates(other.values, places, order=3, mode="nearest"))
        checks = judged(one, warped)
        assert checks["scans_in_order"].outcome is Verdict.PASS
        assert checks["darker_tissue"].outcome is Verdict.REVIEW


def test_either_side_of_a_pixel_is_judged_and_that_it_is_square(pair: tuple[Volume, Volume]) -> None:
    def of(column_mm: float, row_mm: float) -> dict[str, Check]:
        pre, low = (replace(scan, geometry=Geometry.from_spacing(column_mm, row_mm, 1.0)) for scan in pair)
        return judged(pre, with_values(low, low.values.copy()))

    for sides in ((0.25, 1.0), (1.0, 0.25)):
        assert (of(*sides)["pixel_spacing"].value, of(*sides)["pixel_spacing"].outcome) == (0.25, Verdict.REVIEW)
    flat = of(0.8, 1.2)
    assert flat["pixel_spacing"].outcome is Verdict.PASS
    assert flat["square_pixels"].outcome is Verdict.REVIEW
    assert within_domain(calibrated(1.0), [flat["square_pixels"]], DOMAIN).kind is IntervalKind.NONE
    assert of(0.9, 1.0)["square_pixels"].outcome is Verdict.PASS
