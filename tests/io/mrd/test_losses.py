"""What a scan lacks is a check that does not hold, and names it."""

from __future__ import annotations

import ismrmrd
import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.physics.fourier import to_image
from recon.quality.verdict import Verdict
from tests.io.mrd.scans import Writer, Y, expected, oversampled, xml

SLICES = "<slice><minimum>0</minimum><maximum>{last}</maximum><center>0</center></slice></encodingLimits>"


def failing(series) -> dict[str, str]:
    return {check.name: check.message for check in series.checks if check.outcome is not Verdict.PASS}


def announcing(last: int) -> str:
    return xml().replace("</encodingLimits>", SLICES.format(last=last))


def test_a_whole_scan_lacks_nothing(tmp_path) -> None:
    writer = Writer(tmp_path / "scan.h5", announcing(2))
    for index in range(3):
        writer.slice(oversampled(index), index)
    (series,) = writer.read()
    assert len(series.checks) == 4
    assert failing(series) == {}


def test_a_scan_that_was_stopped_early(tmp_path) -> None:
    writer = Writer(tmp_path / "scan.h5", announcing(5)).slice(oversampled(), 0).slice(oversampled(1), 1)
    writer.slice(oversampled(2), 2, lines=range(20, 35))
    (series,) = writer.read()
    found = failing(series)
    assert set(found) == {"slices_lost", "slices_broken_off"}
    assert "3, 4, 5 of 0 to 5" in found["slices_lost"]
    assert "than the others: 2:" in found["slices_broken_off"]


def test_slices_without_directions_are_placed_by_a_guess(tmp_path) -> None:
    writer = Writer(tmp_path / "scan.h5", xml())
    for line in range(Y):
        acquisition = ismrmrd.Acquisition.from_array(np.ascontiguousarray(oversampled()[:, line], np.complex64))
        acquisition.center_sample, acquisition.idx.kspace_encode_step_1 = 64, line
        writer.data.append_acquisition(acquisition)
    (series,) = writer.read()
    assert set(failing(series)) == {"placement"}


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_even_and_lost_slices_are_not(tmp_path) -> None:
    for name, places, expected_ in (
        ("rounded", np.round(np.arange(12) * 1.23, 1), set()),
        ("uneven", [0, 1.2, 2.4, 4.8, 6.0], {"even_spacing"}),
    ):
        writer = Writer(tmp_path / f"{name}.h5", xml())
        for index, place in enumerate(places):
            writer.slice(oversampled(), index, place=float(place))
        (series,) = writer.read()
        assert set(failing(series)) == expected_, name


def test_a_field_of_view_in_metres_is_refused(tmp_path) -> None:
    header = xml().replace(">384<", ">0.384<").replace(">192<", ">0.192<").replace(">180<", ">0.18<")
    with pytest.raises(UnreadableInput, match="not in metres"):
        Writer(tmp_path / "scan.h5", header).slice(oversampled()).read()


def test_slice_oversampling_of_single_slices_is_no_third_dimension(tmp_path) -> None:
    header = xml(z=2, zc=1).replace(
        "<z>2</z></matrixSize>\n   <fieldOfView_mm><x>192", "<z>1</z></matrixSize>\n   <fieldOfView_mm><x>192"
    )
    writer = Writer(tmp_path / "scan.h5", header)
    for index in range(3):
        writer.slice(oversampled(index), index)
    (series,) = writer.read()
    assert series.shape == (3, Y, 64)
    for index in range(3):
        np.testing.assert_allclose(to_image(series.kspace.load(index).grid), expected(oversampled(index)), atol=1e-5)
