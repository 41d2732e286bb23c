"""Mirrored, swapped and warped scans, and slices that the low-dose scan does not show, are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from recon.quality.verdict import Check, Verdict
from recon.tasks.contrast.slices import AlignedPair
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.phantom import SHAPE, scans, uptake


def _judged(pre: Volume, low: Volume) -> dict[str, Check]:
    return {check.name: check for check in AlignedPair.of(pre, low, 0.1).checks}


def _with(volume: Volume, values: np.ndarray) -> Volume:
    return Volume(np.ascontiguousarray(values, np.float32), volume.geometry, volume.unit)


@pytest.fixture(scope="module")
def pair() -> tuple[Volume, Volume]:
    return scans(uptake(), noise=0.008)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_scan_is_rejected(pair: tuple[Volume, Volume], axis: int) -> None:
    pre, low = pair
    checks = _judged(pre, _with(low, np.flip(low.values, axis)))
    assert checks["mirrored"].outcome is Verdict.REJECT
    assert checks["mirrored"].value > 0.02


def test_scans_as_they_should_be_are_neither_mirrored_nor_swapped(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    checks = _judged(pre, _with(low, low.values.copy()))
    assert checks["mirrored"].value < -0.02
    assert checks["scans_in_order"].outcome is Verdict.PASS


def test_swapped_scans_are_named_and_a_warp_is_something_else(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    assert _judged(low, _with(pre, pre.values.copy()))["scans_in_order"].outcome is Verdict.REJECT
    rng = np.random.default_rng(3)
    places = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij")).astype(float)
    for axis in (1, 2):
        field = gaussian_filter(rng.standard_normal(SHAPE), 12)
        places[axis] += field / np.abs(field).max()  # 1 mm at most
    for one, other in ((pre, low), (low, pre)):
        warped = _with(other, map_coordinates(other.values, places, order=3, mode="nearest"))
        checks = _judged(one, warped)
        assert checks["scans_in_order"].outcome is Verdict.PASS
        assert checks["darker_tissue"].outcome is Verdict.REVIEW


def test_where_low_shows_nothing_the_image_is_pre_and_says_so(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    cut = low.geometry.affine.copy()
    cut[:3, 3] += 4 * cut[:3, 2]  # the scanner's slices begin four further up
    shifted = Volume(low.values[4:].copy(), Geometry(cut), low.unit)
    whole = _with(low, np.concatenate([shifted.values, np.zeros((4, *SHAPE[1:]), np.float32)]))
    aligned = AlignedPair.of(pre, Volume(whole.values, Geometry(cut), low.unit), 0.1)
    assert aligned.aligned.shown is not None
    for index, work in zip(range(4), aligned.work(1.0), strict=False):
        tensors = {name: np.zeros(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
        work.prepare(tensors)
        answer = {name: np.ones(spec.shape, spec.dtype) for name, spec in work.outputs.items()}
        done = work.finish(answer)
        unseen = ~aligned.aligned.shown[index]
        assert unseen.mean() > 0.9
        assert done.uncertainty[unseen] == pytest.approx(aligned.scale)
        if not any(check.outcome is Verdict.REJECT for check in aligned.checks):
            np.testing.assert_allclose(done.image[unseen], pre.values[index][unseen], rtol=1e-5)
