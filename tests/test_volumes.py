"""Placements that no scan has are named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.errors import InvalidRequest
from recon.v1 import common_pb2
from recon.volumes import Geometry
from recon.wire.messages import geometry_from_message


def changed(**entries: float) -> Geometry:
    affine = np.diag([0.7, 0.8, 3.0, 1.0])
    for place, value in entries.items():
        affine[int(place[1]), int(place[2])] = value
    return Geometry(affine)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (changed(e30=0.5), "last row"),
        (changed(e33=2.0), "last row"),
        (changed(e00=0.0), "columns lie 0 mm"),
        (changed(e00=0.0002112), "metres"),
        (changed(e22=80.0), "slices lie 80 mm"),
        (changed(e01=0.5), "stand square"),
        (changed(e02=9.0), "tilted"),
        (changed(e03=float("nan")), "finite"),
        (changed(e03=1e7), "100 m"),
        (changed(e00=1e5), "1e+05 mm apart; 0.05 to 50 mm"),
        (changed(e00=1e300), "0.05 to 50 mm"),
        (changed(e00=0.06, e11=45.0), "0.06 by 45 mm; one side may be 20 times"),
    ],
)
def test_what_cannot_be_is_named_and_refused_by_the_service(geometry: Geometry, words: str) -> None:
    assert words in geometry.impossible
    message = common_pb2.Geometry(affine_lps_mm=geometry.affine.ravel().tolist())
    with pytest.raises(InvalidRequest):
        geometry_from_message(message)


@given(
    spacing=st.tuples(st.floats(0.1, 2.0), st.floats(0.1, 2.0), st.floats(0.06, 45.0)),
    tilt=st.floats(-0.5, 0.5),
    turn=st.floats(-3.1, 3.1),
    place=st.tuples(*[st.floats(-2000, 2000)] * 3),
)
def test_what_scanners_do_is_possible(
    spacing: tuple[float, float, float], tilt: float, turn: float, place: tuple[float, float, float]
) -> None:
    axes = np.eye(3)
    axes[1, 2] = np.sin(tilt)  # gantry tilt
    axes[2, 2] = np.cos(tilt)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = rotation @ axes * np.array(spacing), place
    assert Geometry(affine).impossible == ""
