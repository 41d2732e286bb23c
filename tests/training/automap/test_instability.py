"""Worst cases of linear maps are their spectral norms; lesions of perfect reconstructions come out whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.physics.encoding import SIDE, encoding
from recon.training.automap import instability
from recon.training.automap.conventional import linear_matrix
from tests.training.automap.objects import discs


def test_ascent_finds_the_spectral_norm_of_a_linear_method() -> None:
    scheme, truth = encoding("spiral"), discs(1)
    matrix = linear_matrix("spiral")
    norm = instability.linear_worst_case(matrix, scheme, 12)
    torch_matrix = torch.from_numpy(matrix)
    found = instability.worst_case(
        lambda samples: (samples @ torch_matrix.T).reshape(-1, SIDE, SIDE),
        scheme,
        truth,
        np.zeros((1, len(scheme.positions)), np.complex64),
        4,
    )
    assert found[-1][0].amplification == pytest.approx(norm, rel=0.1)
    assert [w.norm for w, _ in found] == list(instability.NORMS)
    for worst, change in found:
        assert np.linalg.norm(change) / np.linalg.norm(truth) == pytest.approx(worst.norm, rel=1e-3)
    amplified = instability.direct_under(
        scheme, truth, np.zeros((1, len(scheme.positions)), np.complex64), found[-1][1]
    )
    assert amplified == pytest.approx(found[-1][0].amplification, rel=0.02)
