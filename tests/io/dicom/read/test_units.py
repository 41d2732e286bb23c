"""Values are taken for HU only where nothing in the header says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from recon.io.dicom.read.skipped import Refused
from recon.io.dicom.read.units import require_hu, rescale


def header(**changes: object) -> Dataset:
    dataset = Dataset()
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    for name, value in changes.items():
        setattr(dataset, name, value)
    return dataset


@pytest.mark.parametrize("unit", ["HU", "hu", "Hounsfield Units", ""])
def test_plain_ct_is_taken(unit: str) -> None:
    plain = header(RescaleType=unit)
    require_hu(plain, plain, ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"])


@pytest.mark.parametrize("kind", ["VMI", "DERIVED/IODINE", "MONO_E", "RHO_Z", "MIP", "CBF", "CT_SOM5 VNC"])
def test_spectral_images_and_maps_are_refused_by_their_type(kind: str) -> None:
    with pytest.raises(Refused, match="ImageType has"):
        require_hu(header(), header(), ["DERIVED", "SECONDARY", kind])


def test_another_unit_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="RescaleType is MGML, not HU"):
        require_hu(header(), header(RescaleType="MGML"), [])
    code, mapping = Dataset(), Dataset()
    code.CodeValue = "mg/cm3"
    mapping.MeasurementUnitsCodeSequence = [code]
    with pytest.raises(Refused, match="units of mg/cm3"):
        require_hu(header(RealWorldValueMappingSequence=[mapping]), header(), [])
    with pytest.raises(Refused, match="ModalityLUTSequence"):
        require_hu(header(ModalityLUTSequence=[Dataset()]), header(), [])


@given(st.floats(1e-6, 1e5), st.floats(-1e6, 1e6))
def test_slope_and_intercept_are_read(slope: float, intercept: float) -> None:
    dataset = Dataset()
    dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
    assert rescale(dataset) == pytest.approx((slope, intercept), rel=1e-6)


@pytest.mark.parametrize(("slope", "intercept"), [(0, -1024), (1, 1e9), (1e8, 0)])
def test_a_rescale_that_gives_no_hu_is_refused(slope: float, intercept: float) -> None:
    with pytest.raises(Refused, match="give no HU"):
        rescale(header(RescaleSlope=slope, RescaleIntercept=intercept))


def test_without_a_rescale_there_are_no_hu() -> None:
    with pytest.raises(Refused, match="no Rescale Slope and Intercept"):
        rescale(Dataset())
