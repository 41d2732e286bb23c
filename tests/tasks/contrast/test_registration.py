"""Least squares finds small motion by itself, mutual information what is larger."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.contrast import registration
from recon.tasks.contrast.head import Head, Matrix, about, rotation
from recon.tasks.contrast.registration import registered
from recon.volumes import Geometry, Volume
from tests.tasks.contrast.phantom import scans, uptake


def _elsewhere(low: Volume, motion: Matrix) -> Volume:
    """The same voxels, of a scanner whose table has moved."""
    return Volume(low.values, Geometry(motion @ low.geometry.affine), low.unit)


@pytest.mark.parametrize(("degrees", "shift", "asked"), [(0.0, 0.05, 0), (1.0, 0.8, 0), (9.0, 7.0, 1)])
def test_who_finds_a_motion(degrees: float, shift: float, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    coarse = registration._mutual_information
    monkeypatch.setattr(registration, "_mutual_information", lambda *scans: (calls.append(1), coarse(*scans))[1])
    pre, low = scans(uptake(), noise=0.01)
    motion = about(
        np.zeros(3), rotation(np.radians(degrees) * np.array([0.0, 0.6, 0.8])), shift * np.array([0.0, 0.6, 0.8])
    )
    head = Head(pre)
    found = registered(head, _elsewhere(low, motion), np.eye(4))
    assert head.displacement(np.linalg.inv(motion) @ found) < 0.05
    assert len(calls) == asked
