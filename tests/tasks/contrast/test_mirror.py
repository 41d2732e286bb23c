"""Mirrored scans are told."""

from __future__ import annotations

import numpy as np
import pytest

from recon.quality.verdict import Verdict
from recon.volumes import Volume
from tests.tasks.contrast.pairs import judged, with_values


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_scan_is_rejected(pair: tuple[Volume, Volume], axis: int) -> None:
    pre, low = pair
    checks = judged(pre, with_values(low, np.flip(low.values, axis)))
    assert checks["mirrored"].outcome is Verdict.REJECT
    assert checks["mirrored"].value > 0.02


def test_scans_as_they_should_be_are_neither_mirrored_nor_swapped(pair: tuple[Volume, Volume]) -> None:
    pre, low = pair
    checks = judged(pre, with_values(low, low.values.copy()))
    assert checks["mirrored"].value < -0.02
    assert checks["scans_in_order"].outcome is Verdict.PASS
