"""Noise is the pair's own, and places lie apart inside of the body."""

from __future__ import annotations

import numpy as np
import pytest

from recon.errors import InvalidRequest
from recon.preservation import trial
from recon.preservation.trial import Denoiser, Pair, lesion_trials
from recon.quality.survival import Lesion
from tests.conftest import body

FULL = body(160, 0.0)
LOW = FULL + np.random.default_rng(0).normal(0, 20, FULL.shape).astype(np.float32)
PAIR = Pair("made up", LOW, FULL, 0.7)
LUNG = Pair("lung", np.where(FULL > -300, -800, LOW), np.where(FULL > -300, np.float32(-800), FULL), 0.7)


def test_the_body_is_the_largest_part_with_its_holes() -> None:
    with_table = FULL.copy()
    with_table[150:156, 20:140] = 100.0
    with_table[70:80, 70:80] = -1000.0  # gas within
    inside = trial.body(with_table)
    assert inside[75, 75]
    assert not inside[152, 80]
    assert inside.mean() == pytest.approx((FULL > -300).mean(), rel=0.1)  # its edge is smoothed


def test_the_first_noise_is_the_real_one_and_others_are_as_loud() -> None:
    np.testing.assert_array_equal(trial.noise_of(PAIR, 0, np.random.default_rng(1)), LOW - FULL)
    other = trial.noise_of(PAIR, 1, np.random.default_rng(1))
    assert other.std() == pytest.approx(20, rel=0.05)
    assert abs(np.corrcoef(other.ravel(), (LOW - FULL).ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(other, trial.noise_of(PAIR, 1, np.random.default_rng(1)))


def test_places_lie_apart_and_where_they_may() -> None:
    suitable = trial.phantom(PAIR).suitable
    found = trial.places_in(suitable, 20, 12, np.random.default_rng(0))
    assert 3 < len(found) <= 12
    assert suitable[tuple(found.T)].all()
    apart = np.abs(found[:, None] - found[None]).max(-1) + 1000 * np.eye(len(found), dtype=int)
    assert apart.min() >= 20
    assert trial.places_in(np.zeros((8, 8), bool), 20, 12, np.random.default_rng(0)).shape == (0, 2)


def test_backgrounds_are_the_patient_and_a_body_of_one_value() -> None:
    one, other = trial.anatomy(PAIR), trial.phantom(PAIR)
    assert one.base is FULL
    assert other.added == pytest.approx(2 / np.sqrt(3))
    assert np.ptp(other.base[other.suitable]) < 1


def _nothing(stack: np.ndarray) -> tuple[np.ndarray, None]:
    return stack, None


def _trials(*pairs: Pair) -> trial.LesionTrial:
    methods: dict[str, Denoiser] = {"nothing": _nothing}
    lesions = [Lesion(4, 20, "HU")]
    return lesion_trials(pairs, trial.anatomy, methods, lesions, realisations=2, blur_mm=0.4, seed=0)


def test_a_slice_without_soft_tissue_costs_the_others_nothing() -> None:
    alone, beside = _trials(PAIR), _trials(PAIR, LUNG)
    assert len(alone.lesion) > 2
    np.testing.assert_array_equal(beside.present["nothing"], alone.present["nothing"])


def test_slices_of_which_none_has_soft_tissue_are_named() -> None:
    with pytest.raises(InvalidRequest, match=r"no place for a lesion \(anatomy\) in lung, lung"):
        _trials(LUNG, LUNG)
