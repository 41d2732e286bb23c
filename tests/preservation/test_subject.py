from __future__ import annotations

import numpy as np
import pytest

from recon.preservation.subject import REACH_PX, Subject, places_in, shown
from recon.training.mr.preserve import made_up


@pytest.fixture(scope="module")
def subject() -> Subject:
    return made_up(128)


def test_a_change_is_seen_at_its_contrast_whatever_the_phase(subject: Subject) -> None:
    change = np.zeros(subject.image.shape, np.float32)
    row, column = np.argwhere(subject.calm)[0]
    change[row, column] = 0.2
    before, after = (shown(subject.kspace(subject.with_change(subject.image, c))) for c in (0 * change, change))
    np.testing.assert_allclose(after - before, change, atol=0.01)


def test_noise_has_the_deviation_that_is_said(subject: Subject) -> None:
    once, twice = (
        subject.scanned(subject.image, np.random.default_rng(0), louder) - subject.kspace(subject.image)
        for louder in (1.0, 2.0)
    )
    assert once.real.std() == pytest.approx(subject.noise_std, rel=0.02)
    np.testing.assert_allclose(twice, 2 * once, atol=1e-5)


def test_the_inside_has_neither_scalp_nor_air_and_places_lie_in_calm_tissue(subject: Subject) -> None:
    magnitude = np.abs(subject.image)
    scalp = magnitude > 0.9
    assert not (subject.inside & scalp).any()
    assert magnitude[subject.calm].min() > 0.3
    places = places_in(subject.calm, np.random.default_rng(0))
    assert len(places) >= 6
    assert places.min() >= REACH_PX
    assert places.max() < 128 - REACH_PX
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert apart[apart > 0].min() >= 17
