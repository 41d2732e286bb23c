"""Less strength: the smoothed difference in the place of a part of what the network finds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest
from recon.quality.interval import calibrated
from recon.quality.strength import at_strength, choose
from recon.quality.survival import Least, Lesion, pooled, survives
from recon.quality.verdict import Verdict
from recon.tasks.base import FinishedSlice, ModelFacts
from recon.tasks.contrast.blend import SMOOTHING_MM, Blend, kept_by_smoothing
from recon.tasks.contrast.features import REACH
from recon.tasks.contrast.probes import LESIONS
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.contrast.slices import AlignedPair, ContrastWork
from recon.tasks.contrast.wanted import Wanted
from recon.tasks.probe import Probes
from recon.values.fixed_point import numbers
from recon.values.result import ModelIdentity
from tests.tasks.contrast.phantom import scans, uptake

Network = Callable[[np.ndarray], np.ndarray]
#: Of the scaled difference of the slice itself, among the features.
_DIFFERENCE = 2 * REACH + 1 + REACH
_MIDDLE = 24


@pytest.fixture(scope="module")
def pair() -> AlignedPair:
    return AlignedPair.of(*scans(uptake(), noise=0.003), 0.1)


def _faded(difference: np.ndarray) -> np.ndarray:
    return gaussian_filter(difference, 2.5)


def _work(pair: AlignedPair, strength: float, lesion: Lesion = LESIONS[0]) -> ContrastWork:
    (work,) = pair._work_of(_MIDDLE, _MIDDLE + 1, 1.5, Wanted(strength, Probes.ALL, True, lesion))
    assert isinstance(work, ContrastWork)
    return work


def _run(work: ContrastWork, network: Network = _faded) -> FinishedSlice:
    tensors = {name: np.empty(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    found = network(tensors["features"][0, _DIFFERENCE])
    output = np.stack([found, np.full_like(found, 0.1), np.full_like(found, 0.2)])[None]
    return work.finish({"enhancement_and_interval": output})


def test_no_strength_is_the_smoothed_difference_whatever_the_network_finds(pair: AlignedPair) -> None:
    one, other = (_run(_work(pair, 0.0), network).image for network in (_faded, np.zeros_like))
    np.testing.assert_allclose(one, other, atol=1e-3)
    sigma = [SMOOTHING_MM / step for step in pair.geometry.spacing[::-1]]
    added = gaussian_filter((pair.low - pair.pre) / pair.dose_fraction, sigma, truncate=3)[_MIDDLE]
    wanted = 0.5 * (pair.pre + pair.low)[_MIDDLE] + (1 - 0.5 * pair.dose_fraction) * added
    inside = pair.pre[_MIDDLE] > 0.3 * pair.scale
    assert np.abs(one - wanted)[inside].max() < 1e-3 * pair.scale


def test_between_both_lies_what_is_between_them_and_the_interval_goes_on_holding(pair: AlignedPair) -> None:
    full, part, none = (_run(_work(pair, strength)) for strength in (1.0, 0.3, 0.0))
    box = pair.box
    shown = np.asarray(none.image) > 0  # no image is darker than black
    np.testing.assert_allclose(part.image[shown], (0.3 * full.image + 0.7 * none.image)[shown], atol=1e-3 * pair.scale)
    wider = numbers(part.uncertainty) - numbers(full.uncertainty)
    moved = np.abs(np.asarray(part.image) - full.image)
    assert (wider[box] >= moved[box] - 1e-3 * pair.scale).all()
    assert wider[box].max() > 0.01 * pair.scale


def test_full_strength_blends_nothing(pair: AlignedPair) -> None:
    assert _work(pair, 1.0)._blend is None
    assert Blend(1.0, np.zeros(3, np.float32)).of(np.ones(3, np.float32)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_a_lesion_keeps_what_both_keep_each_by_its_share(pair: AlignedPair, strength: float) -> None:
    def kept(strength: float) -> dict[Lesion, np.ndarray]:
        work = _work(pair, strength)
        _run(work)
        probe = work.probe()
        assert probe is not None
        return dict(probe.shares(_run(probe.work).image))  # type: ignore[arg-type]

    expected = at_strength(kept(1.0), strength, lambda lesion: kept_by_smoothing(lesion, pair.geometry.spacing))
    for lesion, shares in kept(strength).items():
        np.testing.assert_allclose(shares, expected[lesion], atol=0.02)


def test_small_lesions_lose_more_by_smoothing_and_thick_slices_lose_less() -> None:
    small, medium, large = (kept_by_smoothing(Lesion(size, 50, "%"), (1.0, 1.0, 1.0)) for size in (3, 5, 10))
    assert 0.7 < small < medium < large < 1
    assert medium == pytest.approx(0.88, abs=0.01)
    assert kept_by_smoothing(LESIONS[0], (1.0, 1.0, 5.0)) > medium


def test_the_survey_is_both_scans_and_what_is_chosen_holds_for_the_series() -> None:
    series = ContrastSeries(*scans(uptake(), noise=0.003), strength="auto")
    header, *chunks = series.messages()
    session = ContrastSession(header.header, ModelFacts("contrast_enhance"))
    assert session.surveys
    for chunk in chunks:
        assert not session.surveyed
        assert session.survey(chunk) == ()
    assert session.surveyed
    whole = session.whole()
    assert whole is not None
    session.take(whole())
    assert session.whole() is None  # aligned once
    works = list(session.survey_whole())
    assert works
    assert all(work.probed for work in works)
    lesion, kept = session.required.lesion, session.required.kept
    shares = {lesion: np.full(5, 0.4)}
    chosen = session.settle([shares])
    rest = session.rest(lesion)
    assert chosen.strength == pytest.approx((rest - kept) / (rest - 0.4), abs=0.01)
    assert (
        survives(pooled([at_strength(shares, chosen.strength, session.rest)]), session.required).outcome is Verdict.PASS
    )
    made = list(session.complete())
    assert not any(work.probed for work in made)  # they have been
    assert made[0]._blend.strength == chosen.strength  # type: ignore[attr-defined]
    again = next(
        series.messages(0, ModelIdentity("contrast_enhance", "1", "ab", "0", calibrated(1.0), strength=chosen))
    )
    assert again.header.strength == chosen.strength  # a stream that begins again is of the same strength


def test_where_smoothing_keeps_too_little_no_strength_is_said_to_suffice() -> None:
    lesion = Lesion(3, 20, "%")
    rest = kept_by_smoothing(lesion, (1.0, 1.0, 1.0))
    worse = choose(pooled([{lesion: np.full(5, 0.5)}]), Least(lesion, 0.9), rest)
    assert worse.strength == 0.1
    assert "not even strength 0.1 suffices, which keeps 72 %" in worse.reason
    better = choose(pooled([{lesion: np.full(5, 0.8)}]), Least(lesion, 0.9), rest)
    assert better.strength == 1.0
    assert "less strength would keep no more" in better.reason
    assert "no strength that surely suffices" in choose([], Least(lesion, 0.9), rest).reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"strength": "much"}, "strength"),
        ({"strength": 1.5}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"strength": "auto", "probes": "off"}, "probes"),
        ({"least": Least(Lesion(40, 20, "%"), 0.7)}, "required.size_mm"),
        ({"least": Least(Lesion(5, 20, "%"), 0.0)}, "required.kept"),
    ],
)
def test_what_could_not_be_is_refused(changes: dict[str, object], field: str) -> None:
    def opened() -> None:
        header = next(ContrastSeries(*scans(uptake()), **changes).messages())  # type: ignore[arg-type]
        ContrastSession(header.header, ModelFacts("contrast_enhance"))

    with pytest.raises(InvalidRequest) as caught:
        opened()
    assert caught.value.field == field
