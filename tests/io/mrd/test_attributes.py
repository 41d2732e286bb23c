"""What the raw data's header says of patient, study, scanner and sequence arrives in the DICOM files."""

from __future__ import annotations

import h5py
import numpy as np
import pydicom
import pytest
from pydicom import config
from pydicom.uid import UID

from recon.io.dicom.write.reconstructed import MrDicomSeries, write_mr_slice
from recon.io.kspace.read import read_mr
from recon.io.mrd.attributes import series_attributes
from recon.io.mrd.header import parse_header
from recon.tasks.mr.outputs import write_dicom
from recon.volumes import Geometry
from tests.io.mrd.scans import Writer, oversampled, xml

ABOUT = """<subjectInformation><patientName>Größe^Anna</patientName><patientWeight_kg>61.23456789012</patientWeight_kg>
 <patientID>P1</patientID><patientBirthdate>1970-02-03</patientBirthdate><patientGender>F</patientGender>
</subjectInformation>
<studyInformation><studyDate>2020-01-02</studyDate><studyTime>12:13:14.25</studyTime><studyID>S9</studyID>
 <accessionNumber>42</accessionNumber><referringPhysicianName>Ray^X</referringPhysicianName>
 <studyInstanceUID>1.2.3</studyInstanceUID><bodyPartExamined>knee</bodyPartExamined></studyInformation>
<measurementInformation><seriesDate>2020-01-02</seriesDate><patientPosition>FFS</patientPosition>
 <protocolName>T1 {long}</protocolName><seriesDescription>T1 ax</seriesDescription>
 <frameOfReferenceUID>1.2.4</frameOfReferenceUID></measurementInformation>
<acquisitionSystemInformation><systemVendor>ACME</systemVendor><systemModel>M1</systemModel>
 <systemFieldStrength_T>1.4936</systemFieldStrength_T>
 <coilLabel><coilNumber>1</coilNumber><coilName>Knee_15:1:K1</coilName></coilLabel>
 <coilLabel><coilNumber>2</coilNumber><coilName>Knee_15:1:K2</coilName></coilLabel>
 <institutionName>Hospital\\A</institutionName></acquisitionSystemInformation>
""".format(long="x" * 80)
SEQUENCE = """<sequenceParameters><TR>500</TR><TE>2.46</TE><TE>4.92</TE><TI>100</TI><flipAngle_deg>70</flipAngle_deg>
 <sequence_type>Flash</sequence_type><echo_spacing>9.2</echo_spacing></sequenceParameters>"""


def full(about=ABOUT, sequence=SEQUENCE):
    text = xml().replace("<experimentalConditions>", f"{about}<experimentalConditions>")
    return text.replace("</ismrmrdHeader>", f"{sequence}</ismrmrdHeader>")


def written(attributes, path):
    """The file of a slice, read back with every rule enforced."""
    series = MrDicomSeries("image", "made", "m:1", Geometry.from_spacing(1, 1, 5), 1, "RECONSTRUCTED", attributes)
    for index in range(2):
        write_mr_slice(np.ones((8, 8), np.float32), series, index, 1.0, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config.settings, "reading_validation_mode", config.RAISE)
        dataset = pydicom.dcmread(path)
        list(dataset.iterall())
    return dataset


def test_all_that_the_header_says_is_there(tmp_path) -> None:
    made = written(series_attributes(parse_header(full().encode(), "a"), "a"), tmp_path / "a.dcm")
    expected = {
        "PatientName": "Größe^Anna",
        "PatientID": "P1",
        "PatientBirthDate": "19700203",
        "PatientSex": "F",
        "PatientWeight": 61.234568,
        "StudyDate": "20200102",
        "StudyTime": "121314.250000",
        "StudyID": "S9",
        "AccessionNumber": "42",
        "ReferringPhysicianName": "Ray^X",
        "StudyInstanceUID": "1.2.3",
        "BodyPartExamined": "KNEE",
        "SeriesDate": "20200102",
        "PatientPosition": "FFS",
        "ProtocolName": "T1 " + "x" * 61,
        "SeriesDescription": "T1 ax image",
        "FrameOfReferenceUID": "1.2.4",
        "Manufacturer": "ACME",
        "ManufacturerModelName": "M1",
        "MagneticFieldStrength": 1.4936,
        "ReceiveCoilName": "Knee_15",
        "InstitutionName": "Hospital/A",
        "ImagingFrequency": 63.5,
        "RepetitionTime": 500,
        "EchoTime": 2.46,
        "InversionTime": 100,
        "FlipAngle": 70,
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "MRAcquisitionType": "2D",
        "SliceThickness": 4,
        "SpacingBetweenSlices": 5,
    }
    assert {name: made.get(name) for name in expected} == expected
    assert "SoftwareVersions" not in made  # the scanner's are not known
    assert made.ContributingEquipmentSequence[0].Manufacturer == "recon"


def test_nothing_is_made_up(tmp_path) -> None:
    made = written(series_attributes(None, "a"), tmp_path / "a.dcm")
    for name in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
        "ReferringPhysicianName",
        "RepetitionTime",
        "EchoTime",
        "EchoTrainLength",
        "PatientPosition",
    ):
        assert name in made, name
        assert not made[name].value, name
    for name in ("MagneticFieldStrength", "ImagingFrequency", "FlipAngle", "InversionTime", "SeriesDate"):
        assert name not in made
    assert made.Manufacturer == "recon"
    assert UID(made.StudyInstanceUID).is_valid
    assert made.StudyInstanceUID == series_attributes(None, "a").StudyInstanceUID
    assert made.StudyInstanceUID != series_attributes(None, "b").StudyInstanceUID


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("<TR>500</TR>", "<TR>fast</TR>", "RepetitionTime"),
        ("<TR>500</TR>", "<TR>-1</TR>", "RepetitionTime"),
        ("<TR>500</TR>", "<TR>500</TR><TR>600</TR><TR>700</TR>", "RepetitionTime"),
        ("<TE>2.46</TE>", "<TE>INF</TE>", "EchoTime"),
        ("1.4936", "NaN", "MagneticFieldStrength"),
        ("63500000", "0", "ImagingFrequency"),
        ("61.23456789012", "heavy", "PatientWeight"),
        ("1970-02-03", "1970-13-45", "PatientBirthDate"),
        ("12:13:14.25", "noon", "StudyTime"),
        (">F<", ">Q<", "PatientSex"),
        (">FFS<", ">UP<", "PatientPosition"),
        (">1.2.3<", ">{3f}<", "StudyInstanceUID"),
        (">1.2.4<", ">1.02.4<", "FrameOfReferenceUID"),
        (">knee<", ">knee \u00e4<", "BodyPartExamined"),
        ("Knee_15:1:K2", "Body_6:1:B1", "ReceiveCoilName"),
    ],
)
def test_a_malformed_value_costs_itself_alone(before, after, name, tmp_path) -> None:
    header = parse_header(full().replace(before, after).encode(), "a")
    attributes = series_attributes(header, "a")
    if name.endswith("UID"):
        without = full().replace(before, "><")  # as if it were not there
        assert attributes[name].value == series_attributes(parse_header(without.encode(), "a"), "a")[name].value
    else:
        assert name not in attributes
    assert written(attributes, tmp_path / "a.dcm").Manufacturer == "ACME"


def test_values_are_shortened_to_what_is_legal(tmp_path) -> None:
    header = full(sequence=SEQUENCE.replace("2.46", "2.4600000381469727").replace(">500<", ">1.23456789e-7<"))
    header = header.replace("Ray^X", "R" * 80 + "^a^b^c^d^e^f").replace(">42<", ">12345678901234567890<")
    made = written(series_attributes(parse_header(header.encode(), "a"), "a"), tmp_path / "a.dcm")
    assert str(made.EchoTime) == "2.46"
    assert made.RepetitionTime == pytest.approx(1.23456789e-7)
    assert str(made.ReferringPhysicianName) == "R" * 64
    assert made.AccessionNumber == "1234567890123456"


def test_each_contrast_has_its_own_echo_time_and_bandwidth(tmp_path) -> None:
    writer = Writer(tmp_path / "scan.h5", full())
    for contrast in range(3):
        writer.slice(oversampled(), contrast=contrast)
    writer.data.close()
    with h5py.File(tmp_path / "scan.h5", "r+") as file:
        data = file["dataset/data"][:]
        data["head"]["sample_time_us"] = 10
        file["dataset/data"][:] = data
    series = read_mr(tmp_path / "scan.h5")
    assert [float(one.attributes.get("EchoTime", 0)) for one in series] == [2.46, 4.92, 0]
    assert [int(one.attributes.EchoNumbers) for one in series] == [1, 2, 3]
    assert {float(one.attributes.RepetitionTime) for one in series} == {500}
    assert {float(one.attributes.PixelBandwidth) for one in series} == {781.25}
    assert len({one.attributes.StudyInstanceUID for one in series}) == 1


def test_fastmri_files_have_it_too(tmp_path) -> None:
    with h5py.File(tmp_path / "knee.h5", "w") as file:
        file["kspace"] = np.ones((1, 2, 128, 60), np.complex64)
        file["ismrmrd_header"] = full().encode()
    (series,) = read_mr(tmp_path / "knee.h5")
    assert series.attributes.Manufacturer == "ACME"
    assert series.attributes.EchoTime == 2.46
    assert "PixelBandwidth" not in series.attributes


def test_image_and_uncertainty_of_a_job_share_study_and_frame_of_reference(tmp_path) -> None:
    (series,) = Writer(tmp_path / "scan.h5", full()).slice(oversampled()).read()
    image = np.random.default_rng(0).random(series.shape).astype(np.float32)
    write_dicom(image, 0.1 * image, series, "m:1", tmp_path)
    made = [pydicom.dcmread(tmp_path / name / "0001.dcm") for name in ("image", "uncertainty")]
    assert [one.SeriesDescription for one in made] == ["T1 ax image", "T1 ax uncertainty"]
    assert made[0].SeriesInstanceUID != made[1].SeriesInstanceUID
    for name in ("StudyInstanceUID", "FrameOfReferenceUID", "EchoTime", "PatientID", "Manufacturer"):
        assert made[0][name].value == made[1][name].value
    assert made[0].StudyInstanceUID == "1.2.3"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (">P1<", ">P2<"),
        ("Größe", "Klein"),
        ("1970-02-03", "1970-02-04"),
        ("<studyDate>2020-01-02", "<studyDate>2020-01-03"),
        ("12:13:14", "12:13:15"),
        (">42<", ">43<"),
        ("<measurementID>7", "<measurementID>8"),
    ],
)
def test_another_scan_at_the_same_path_is_another_study(before, after) -> None:
    """A header without UIDs: what it says of patient and time tells two scans apart."""
    header = full().replace("<studyInstanceUID>1.2.3</studyInstanceUID>", "")
    header = header.replace("<frameOfReferenceUID>1.2.4</frameOfReferenceUID>", "")
    header = header.replace("<measurementInformation>", "<measurementInformation><measurementID>7</measurementID>")
    assert before in header
    one, same, other = (
        series_attributes(parse_header(text.encode(), "a"), "a")
        for text in (header, header, header.replace(before, after))
    )
    for name in ("StudyInstanceUID", "FrameOfReferenceUID"):
        assert one[name].value == same[name].value
        assert one[name].value != other[name].value


def test_a_header_that_says_nothing_leaves_it_to_what_was_measured(tmp_path) -> None:
    """One path, one header, two scans one after the other: two studies."""

    def uids(seed: int, path) -> set[str]:
        writer = Writer(path, xml())
        noise = np.random.default_rng(seed).normal(size=oversampled().shape)
        for contrast in range(2):
            writer.slice(oversampled() + noise, contrast=contrast)
        found = {series.attributes.StudyInstanceUID for series in writer.read()}
        assert len(found) == 1, "all series of a file are of one study"
        path.unlink()
        return found

    here = tmp_path / "scan.h5"
    assert uids(1, here) == uids(1, here)
    assert uids(1, here) != uids(2, here)
