"""What a header says is bounded, and what it costs is foreseen."""

from __future__ import annotations

import pytest

from recon.engine.limits import Limits
from recon.errors import InvalidRequest
from recon.tasks.contrast.task import ContrastTask
from recon.volumes import Geometry
from recon.wire.messages import geometry_to_message
from tests.tasks.contrast.streams import FACTS, header_of


@pytest.mark.parametrize(
    ("spacing", "slices", "message"),
    [
        ((1e5, 1e5, 1.0), 48, "1e.05 mm apart; 0.05 to 50 mm"),
        ((12.0, 12.0, 12.0), 48, "columns lie 12 mm apart; 0.2 to 10 mm"),
        ((0.1, 0.1, 1.0), 48, "columns lie 0.1 mm apart; 0.2 to 10 mm"),
        ((8.0, 8.0, 0.25), 48, "32 times its shortest; at most 20"),
        ((0.25, 0.25, 8.0), 48, "32 times its shortest; at most 20"),
        ((1.0, 1.0, 0.5), 6, "6 slices cover 3 mm; at least 10 mm"),
    ],
)
def test_voxels_that_no_scan_of_a_head_has_are_refused_by_the_header(
    spacing: tuple[float, float, float], slices: int, message: str
) -> None:
    placed = geometry_to_message(Geometry.from_spacing(*spacing))
    header = header_of(slices=slices, low_slices=slices)
    header.geometry.CopyFrom(placed)
    header.low_geometry.CopyFrom(placed)
    with pytest.raises(InvalidRequest, match=message):
        ContrastTask().open(header, FACTS)


def test_the_estimate_of_work_grows_with_voxels_and_thin_slices() -> None:
    def operations(sides: int, slice_mm: float) -> float:
        placed = geometry_to_message(Geometry.from_spacing(1.0, 1.0, slice_mm))
        header = header_of(slices=sides, rows=sides, columns=sides, low_slices=sides, low_rows=sides, low_columns=sides)
        header.geometry.CopyFrom(placed)
        header.low_geometry.CopyFrom(placed)
        return ContrastTask().open(header, FACTS).operations

    assert 1e8 < operations(64, 1.0) < 0.1 * operations(256, 1.0)
    assert operations(256, 0.25) > 3 * operations(256, 1.0)
    assert operations(256, 1.0) < Limits().most_operations  # what scanners make is never refused
