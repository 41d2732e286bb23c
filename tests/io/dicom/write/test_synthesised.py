"""A synthesised slice says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from recon.errors import UnreadableInput
from recon.io.dicom.write.synthesised import synthesised_series, uncertainty_series, write_synthesised_slice
from recon.tasks.contrast.pair import read_scan
from tests.io.mr_slices import write_series


def test_a_synthesised_slice_says_that_it_is_one_and_claims_no_dose(tmp_path: Path) -> None:
    pre, low = read_scan([write_series(tmp_path / "a")]), read_scan([write_series(tmp_path / "b")])
    values = pre.volume.values[3] * 1.5
    series = synthesised_series("contrast_enhance 1 (abc)", 0.1, 3000.0)
    write_synthesised_slice(values, pre.sources[3], low.sources[3], series, 4, tmp_path / "out.dcm")
    made, source = pydicom.dcmread(tmp_path / "out.dcm"), pydicom.dcmread(pre.files[3])
    assert list(made.ImageType) == ["DERIVED", "SECONDARY", "OTHER", "SYNTHESISED"]
    assert "SYNTHESISED" in made.SeriesDescription
    assert "No full dose was given" in made.DerivationDescription
    assert not [name for name in made.dir() if name.startswith("Contrast")]
    assert made.PatientID == source.PatientID
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.ImagePositionPatient == source.ImagePositionPatient
    references = [item.ReferencedSOPInstanceUID for item in made.SourceImageSequence]
    assert references == [source.SOPInstanceUID, pydicom.dcmread(low.files[3]).SOPInstanceUID]
    assert made.ContributingEquipmentSequence[-1].Manufacturer == "recon"
    shown = made.pixel_array * float(made.RescaleSlope) + float(made.RescaleIntercept)
    np.testing.assert_allclose(shown, values, atol=0.51 * float(made.RescaleSlope))
    with pytest.raises(UnreadableInput, match="own results"):
        read_scan([tmp_path / "out.dcm"])
    write_synthesised_slice(values, pre.sources[3], None, uncertainty_series("m", 100.0), 4, tmp_path / "u.dcm")
    assert pydicom.dcmread(tmp_path / "u.dcm").ImageType[3] == "UNCERTAINTY"
