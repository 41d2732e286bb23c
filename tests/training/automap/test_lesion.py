"""Lesions of perfect reconstructions come out whole."""

from __future__ import annotations

import numpy as np
import pytest

from recon.training.automap import lesion
from tests.training.automap.objects import discs


def test_lesions_of_a_perfect_reconstruction() -> None:
    truth = discs(6)
    marks = lesion.lesions(truth, 2.0, 0.5, 1)
    assert all(np.count_nonzero(d) > 8 for d in marks)
    whole = lesion.recovered(lambda images: images, truth, marks)
    assert whole.mean == pytest.approx(1, abs=1e-3)
    assert whole.absent_spread == pytest.approx(0, abs=1e-4)
    erased = lesion.recovered(lambda images: truth, truth, marks)
    assert erased.mean == pytest.approx(0, abs=1e-4)
    invented = lesion.recovered(lambda images: truth + marks, truth, marks)
    assert invented.absent == pytest.approx(1, abs=1e-3)
