"""Known lesions through the task, with networks whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest
from recon.quality.interval import calibrated
from recon.quality.survival import Least, Lesion, pooled, survives
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.ct.denoise import STEP_HU
from recon.tasks.ct.probes import LEAST
from recon.tasks.ct.series import CtSeries
from recon.tasks.ct.session import CtSession, CtWork
from recon.tasks.probe import EVERY, Probes
from recon.values.result import ModelIdentity
from recon.volumes import Geometry, Volume
from tests.conftest import body

Network = Callable[[np.ndarray], np.ndarray]


def _works(slices: int, size: int = 256, **options: object) -> list[CtWork]:
    volume = Volume(np.stack([body(size, 20, n) for n in range(slices)]), Geometry.from_spacing(0.7, 0.7, 3))
    header, *chunks = CtSeries(volume, **options).messages()  # type: ignore[arg-type]
    session = CtSession(header.header, ModelFacts("ct_denoise"))
    return [work for chunk in chunks for work in session.add(chunk)]  # type: ignore[misc]


def _run(work: CtWork, network: Network) -> np.ndarray:
    tensors = {name: np.empty(spec.shape, spec.dtype) for name, spec in work.inputs.items()}
    work.prepare(tensors)
    noise = tensors["hu"][0, 0] - network(tensors["hu"][0, 0])
    output = np.stack([np.rint(noise / STEP_HU), np.full_like(noise, 160)]).astype(np.int16)
    return work.finish({"noise_and_half_width": output[None]}).image


def _kept(network: Network, **options: object) -> tuple[float, Verdict]:
    (work,) = _works(1, **options)
    _run(work, network)
    probe = work.probe()
    assert probe is not None
    found = pooled([probe.shares(_run(probe.work, network))])  # type: ignore[arg-type]
    return found[0].median, survives(found, LEAST).outcome


def test_a_network_that_keeps_all_passes_and_one_that_blurs_goes_to_review() -> None:
    assert _kept(lambda hu: hu) == (pytest.approx(1, abs=0.01), Verdict.PASS)
    share, outcome = _kept(lambda hu: gaussian_filter(hu, 4))
    assert share < 0.5
    assert outcome is Verdict.REVIEW


def test_less_strength_keeps_more_by_what_is_left_in() -> None:
    """Share kept at strength s: 1 - s (1 - kept)."""
    full, _ = _kept(lambda hu: gaussian_filter(hu, 2))
    half, _ = _kept(lambda hu: gaussian_filter(hu, 2), strength=0.5)
    assert half == pytest.approx(1 - 0.5 * (1 - full), abs=0.01)


def test_the_survey_comes_ahead_and_a_stream_that_goes_on_has_none() -> None:
    volume = Volume(np.stack([body(64, 20, n) for n in range(12)]), Geometry.from_spacing(0.7, 0.7, 3))
    series = CtSeries(volume, strength="auto")
    header, *chunks = series.messages()
    assert header.header.auto_strength.surveyed == 1  # the one of twelve that few probes are on
    session = CtSession(header.header, ModelFacts("ct_denoise"))
    assert not session.surveyed
    (work,) = session.survey(chunks[0])
    assert session.surveyed
    blurred = _run(work, lambda hu: gaussian_filter(hu, 4))  # type: ignore[arg-type]
    assert blurred.shape == (64, 64)
    chosen = session.settle([{LEAST.lesion: np.full(5, 0.4)}])
    works = [work for chunk in chunks[1:] for work in session.add(chunk)]
    assert [work.index for work in works] == list(range(12))
    assert not any(work.probed for work in works)  # they have been
    model = ModelIdentity("ct_denoise", "1", "ab", "0", calibrated(1.0), strength=chosen)
    resumed, *rest = series.messages(5, model)
    assert resumed.header.strength == chosen.strength == 0.49
    assert len(rest) == 7
    assert series.messages().__next__().header.WhichOneof("amount") == "auto_strength"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"strength": "much"}, "strength"),
        ({"least": Least(Lesion(30, 20, "HU"), 0.7)}, "required.size_mm"),
        ({"least": Least(Lesion(6, 20, "HU"), 1.7)}, "required.kept"),
        ({"strength": "auto", "probes": "off"}, "probes"),
    ],
)
def test_what_no_probe_could_tell_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        _works(1, 64, **changes)
    assert caught.value.field == field


def test_few_slices_are_probed_by_default_and_all_or_none_where_asked() -> None:
    assert [work.index for work in _works(25, 64) if work.probed] == [6, 18]
    assert [work.index for work in _works(3, 64) if work.probed] == [1]
    assert sum(Probes.FEW.on(index, 200) for index in range(200)) == 200 // EVERY
    assert all(work.probed for work in _works(3, 64, probes="all"))
    assert not any(work.probed for work in _works(3, 64, probes="off"))
    with pytest.raises(InvalidRequest, match="off, few, all"):
        _works(1, 64, probes="many")


def test_a_slice_without_tissue_has_no_place_for_a_lesion() -> None:
    (work,) = _works(1, 64)
    _run(work, lambda hu: np.full_like(hu, -1000))
    assert work.probe() is None
