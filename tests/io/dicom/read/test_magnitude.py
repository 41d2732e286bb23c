"""Phase, real and imaginary parts and maps are no magnitude image, however a vendor says so."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from recon.io.dicom.read.magnitude import GE_PART, require_magnitude, rescale
from recon.io.dicom.read.skipped import Refused

PLAIN = ["ORIGINAL", "PRIMARY", "M", "ND"]


def test_a_magnitude_needs_no_rescale() -> None:
    require_magnitude(Dataset(), Dataset(), PLAIN)
    assert rescale(Dataset()) == (1.0, 0.0)


@pytest.mark.parametrize(("kind", "part"), [("P", "phase"), ("REAL", "real"), ("I", "imaginary"), ("VELMAP", "phase")])
def test_other_parts_are_named(kind: str, part: str) -> None:
    with pytest.raises(Refused, match=f"a {part} image"):
        require_magnitude(Dataset(), Dataset(), ["ORIGINAL", "PRIMARY", kind])
    header = Dataset()
    header.ComplexImageComponent = "PHASE"
    with pytest.raises(Refused, match="a phase image"):
        require_magnitude(header, Dataset(), PLAIN)


@pytest.mark.parametrize(("value", "part"), [(1, "phase"), (2, "real"), (3, "imaginary")])
def test_ge_says_it_in_an_element_of_its_own(value: int, part: str) -> None:
    header = Dataset()
    header.add_new(GE_PART, "SS", value)
    with pytest.raises(Refused, match=f"a {part} image"):
        require_magnitude(header, Dataset(), PLAIN)
    header[GE_PART].value = 0
    require_magnitude(header, Dataset(), PLAIN)


@pytest.mark.parametrize("kind", ["ADC", "MIP", "SUB", "T1MAP"])
def test_maps_are_no_images_as_they_were_scanned(kind: str) -> None:
    with pytest.raises(Refused, match="a derived map"):
        require_magnitude(Dataset(), Dataset(), ["DERIVED", "PRIMARY", kind])


def test_a_rescale_that_gives_no_image_is_refused() -> None:
    header = Dataset()
    header.RescaleSlope = 0
    with pytest.raises(Refused, match="give no image"):
        rescale(header)
