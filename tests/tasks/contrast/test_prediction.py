"""What the scans do not support is not shown, and the interval still holds what the network said."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.contrast.prediction import Prediction

SIDE = 64


def _prediction(said: float, seen: float, width: float = 0.4) -> Prediction:
    """A plateau of predicted enhancement where the scans differ by less."""
    planes = np.full((3, SIDE, SIDE), width, np.float32)
    planes[0] = said
    return Prediction.of(planes, np.full((SIDE, SIDE), seen, np.float32), 0.0)


@pytest.mark.parametrize(("said", "seen"), [(1.0, 0.5), (1.0, 0.0), (0.3, -1.0), (-0.2, -1.0), (0.5, 0.5)])
@pytest.mark.parametrize("factor", [0.8, 1.0, 1.5])
def test_the_interval_holds_what_it_held(said: float, seen: float, factor: float) -> None:
    found = _prediction(said, seen)
    half_width = found.half_width(factor)
    assert (found.enhancement <= said).all()
    assert (found.enhancement - half_width <= said - 0.4 * factor + 1e-6).all()
    assert (found.enhancement + half_width >= said + 0.4 * factor - 1e-6).all()
    assert (half_width >= found.doubtful).all()


def test_what_is_doubtful_is_lowered_by_what_is_doubtful_and_no_further_than_to_nothing() -> None:
    np.testing.assert_allclose(_prediction(1.0, 0.5).enhancement, 0.6, atol=1e-5)
    assert not _prediction(0.3, -1.0).enhancement.any()
    np.testing.assert_allclose(_prediction(-0.2, -1.0).enhancement, -0.2)
    assert not _prediction(0.5, 0.5).doubtful.any()


def test_the_wider_side_counts() -> None:
    planes = np.zeros((3, SIDE, SIDE), np.float32)
    planes[1], planes[2] = 0.1, 0.3
    np.testing.assert_allclose(Prediction.of(planes, planes[0], 0.0).half_width(2.0), 0.6, rtol=1e-6)
