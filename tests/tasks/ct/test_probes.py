"""Known lesions through the task, with networks whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from recon.errors import InvalidRequest
from recon.quality.survival import pooled, survives
from recon.quality.verdict import Verdict
from recon.tasks.base import ModelFacts
from recon.tasks.ct.denoise import STEP_HU
from recon.tasks.ct.probes import LEAST
from recon.tasks.ct.series import CtSeries
from recon.tasks.ct.session import CtSession, CtWork
from recon.tasks.probe import EVERY, Probes
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


def test_few_slices_are_probed_by_default_and_all_or_none_where_asked() -> None:
    assert [work.index for work in _works(25, 64) if work.probed] == [5, 15]
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
