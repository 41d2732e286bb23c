"""Known lesions in the difference that a reduced dose makes, with networks whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.quality.survival import Lesion, pooled, survives
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.contrast.features import REACH
from recon.tasks.contrast.probes import LESIONS, least_in, lesions_in
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.contrast.slices import ContrastWork
from recon.volumes import Geometry
from tests.tasks.contrast.phantom import scans, uptake

Network = Callable[[np.ndarray], np.ndarray]
#: Of the scaled difference of the slice itself, among the features.
_DIFFERENCE = 2 * REACH + 1 + REACH


def _works(probes: str = "few") -> tuple[ContrastSession, list[ContrastWork]]:
    header, *chunks = ContrastSeries(*scans(uptake(), noise=0.003), probes=probes).messages()
    session = ContrastSession(header.header, ModelFacts("contrast_enhance"))
    for chunk in chunks:
        session.add(chunk)
    return session, list(session.complete())  # type: ignore[arg-type]


def _run(work: ContrastWork, network: Network) -> np.ndarray:
    tensors = {name: np.empty(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    found = network(tensors["features"][0, _DIFFERENCE])
    output = np.stack([found, np.full_like(found, 0.3), np.full_like(found, 0.3)])[None]
    return work.finish({"enhancement_and_interval": output}).image


@pytest.fixture(scope="module")
def works() -> list[ContrastWork]:
    return _works()[1]


def _kept(work: ContrastWork, network: Network) -> tuple[float, Verdict]:
    _run(work, network)
    probe = work.probe()
    assert probe is not None
    found = pooled([probe.shares(_run(probe.work, network))])  # type: ignore[arg-type]
    return found[0].median, survives(found, least_in((1.0, 1.0, 2.5))).outcome


def test_the_scaled_difference_keeps_all_and_smoothing_fades_them(works: list[ContrastWork]) -> None:
    work = next(work for work in works if work.probed and work.index == 30)
    share, outcome = _kept(work, lambda difference: difference)
    assert share == pytest.approx(1, abs=0.05)
    assert outcome is Verdict.PASS
    share, outcome = _kept(work, lambda difference: gaussian_filter(difference, 4))
    assert share < 0.5
    assert outcome is Verdict.REVIEW


def test_one_slice_in_twelve_is_probed_and_none_where_they_are_off(works: list[ContrastWork]) -> None:
    assert [work.index for work in works if work.probed] == [6, 18, 30, 42]
    session, none = _works("off")
    assert not any(work.probed for work in none)
    assert "lesions_survive" not in session.declared_checks


def test_a_map_has_one_lesion_at_all_places() -> None:
    mean, geometry = np.full((256, 256), 0.6, np.float32), Geometry.from_spacing(1, 1, 3)
    several, one = (lesions_in(mean, geometry, alone=alone) for alone in (False, True))
    assert several is not None
    assert one is not None
    assert len(set(several.lesions)) > 1
    assert set(one.lesions) == {LESIONS[0]}
    np.testing.assert_allclose(one.spread(np.full(len(one.places), 0.6))[128, 128], 0.6)


@pytest.mark.parametrize(
    ("spacing_mm", "size_mm"),
    [((1.0, 1.0, 1.0), 5), ((0.9, 0.9, 2.4), 5), ((1.5, 1.5, 4.0), 8), ((0.9, 0.9, 5.5), 11), ((0.43, 0.43, 6.0), 10)],
)
def test_what_must_survive_spans_two_slices_where_it_fits(spacing_mm: tuple[float, ...], size_mm: int) -> None:
    assert least_in(spacing_mm).lesion == Lesion(size_mm, 50, "%")
