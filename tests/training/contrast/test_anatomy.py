"""Heads with known enhancement, in the scale of their scan."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.contrast.anatomy import common_ratio, matched_enhancement, matching_of, scene_of
from tests.tasks.contrast.phantom import head, uptake
from tests.training.contrast.heads import head_volume


def test_the_ratio_of_tissue_without_uptake_is_found_beside_uptake() -> None:
    assert common_ratio(head_volume(1.25 * (head() + uptake()))) == pytest.approx(1 / 1.25, rel=0.03)


def test_matched_enhancement_is_what_was_added() -> None:
    found = matched_enhancement(head_volume(head() + uptake()), "equal", signed=False)
    inside = head() > 0.1
    np.testing.assert_allclose(found[inside], uptake()[inside], atol=1e-5)
    assert matched_enhancement(head_volume(head() - 0.1), "equal", signed=False).max() == 0


def test_a_scene_is_in_the_scale_of_its_scan() -> None:
    clean, change, scale = scene_of(
        500 * head(), 700 * (head() + uptake()), matching_of("equal"), np.random.default_rng(0)
    )
    assert clean.max() < 2
    assert 300 < scale < 800
    assert change.min() >= 0
