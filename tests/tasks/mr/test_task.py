"""What an MR task takes, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest

from recon.engine.limits import Limits
from recon.errors import InvalidRequest
from recon.physics.encoding import encoding
from recon.tasks.base import ModelFacts
from recon.tasks.mr.task import MrTask
from recon.volumes import Geometry
from recon.wire.messages import geometry_to_message
from tests.tasks.mr.streams import CLASSICAL, MODEL, header


def test_a_network_takes_no_trajectory(kspace) -> None:
    with pytest.raises(InvalidRequest, match="takes Cartesian k-space"):
        MrTask().open(header(kspace, trajectory=2, rows=64, columns=64), MODEL)


@pytest.mark.parametrize("name", ["radial", "spiral"])
def test_a_learned_transform_along_a_trajectory_has_one_matrix(name) -> None:
    samples, readouts = encoding(name).shape
    warm = {"encoding": name, "warm_shape": f"1,1,{samples},{readouts},2", "takes": "kspace,counts,trajectory"}
    model = ModelFacts(f"automap_{name}", parameters=warm)
    raw = np.empty((1, samples, readouts), np.complex64)
    assert MrTask().open(header(raw, trajectory=2, rows=64, columns=64), model).slices == 1
    for rows, columns in ((128, 128), (64, 65)):
        with pytest.raises(InvalidRequest, match="64 x 64 pixels") as refused:
            MrTask().open(header(raw, trajectory=2, rows=rows, columns=columns), model)
        assert refused.value.field == "rows"


def _operations(model: str, **changes: object) -> float:
    facts = ModelFacts(model, parameters={**CLASSICAL, "trajectory_methods": "zero-filled,sense"})
    kspace = np.empty((8, 320, 320), np.complex64)
    return MrTask().open(header(kspace, **changes), facts).operations


def test_what_scanners_make_is_never_too_much_work_and_what_nobody_finishes_is() -> None:
    most = Limits().most_operations
    assert _operations("sense", coils=32, samples=1024, lines=1024) < most
    radial = {"trajectory": 2, "rows": 320, "columns": 320, "samples": 640}
    assert _operations("sense", lines=800, **radial) < most
    endless = {**radial, "samples": 8192, "lines": 4096}
    assert _operations("sense", **endless) > most
    assert _operations("zero-filled", **endless) < most


@pytest.mark.parametrize("spacing", [(1e5, 1e5, 3.0), (1.0, 1.0, 1e-9), (1.0, 40.0, 3.0)])
def test_placements_are_bounded(spacing: tuple[float, float, float]) -> None:
    kspace = np.empty((8, 320, 320), np.complex64)
    placed = geometry_to_message(Geometry.from_spacing(*spacing))
    with pytest.raises(InvalidRequest, match=r"0\.05 to 50 mm|may be 20 times"):
        MrTask().open(header(kspace, geometry=placed), ModelFacts("network"))
