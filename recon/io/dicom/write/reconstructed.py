"""Reconstructed MR slices as a DICOM series of their own: raw data has no DICOM source to derive from."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import MRImageStorage, generate_uid

from recon import __version__
from recon.io.dicom.read.foreign import OWN
from recon.io.dicom.write.derive import contribution, put_scaled, save
from recon.io.dicom.write.required import complete
from recon.volumes import FloatImage, Geometry

#: Last value of ImageType.
RECONSTRUCTED = "RECONSTRUCTED"
#: Attributes that a series must have, empty where nobody knows them.
_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "Manufacturer",
    "ManufacturerModelName",
    "ScanOptions",
    "RepetitionTime",
    "EchoTime",
    "EchoTrainLength",
    "PatientPosition",
    "PositionReferenceIndicator",
)


@dataclass(frozen=True)
class MrDicomSeries:
    """What all slices of one series share.

    Attributes
    ----------
    description
        Of the series.
    derivation
        How the pixels came about, in words.
    model
        Name, version and checksum.
    geometry
        Placement of the volume.
    number
        Of the series.
    kind
        Last value of ImageType.
    attributes
        Of patient, study, scanner and sequence, with StudyInstanceUID and FrameOfReferenceUID; see
        :func:`recon.io.mrd.attributes.series_attributes`.
    series_uid
        New for every series.
    """

    description: str
    derivation: str
    model: str
    geometry: Geometry
    number: int
    kind: str
    attributes: Dataset
    series_uid: str = field(default_factory=generate_uid)


def write_mr_slice(values: FloatImage, series: MrDicomSeries, index: int, scale: float, path: Path) -> None:
    """Write one slice (y, x).

    Parameters
    ----------
    values
        Magnitude or uncertainty, not negative.
    series
        That it belongs to.
    index
        Position in the series, from 0.
    scale
        Value that is stored as 4095; the same for all slices, so that they can be compared.
    path
        Where to write it.
    """
    dataset = Dataset()
    _identify(dataset, series, index)
    _place(dataset, series.geometry, index)
    put_scaled(dataset, values, scale, 12)
    dataset.WindowCenter, dataset.WindowWidth = f"{scale / 2:.8g}", f"{scale:.8g}"
    save(dataset, path)


def _identify(dataset: Dataset, series: MrDicomSeries, index: int) -> None:
    now = datetime.now(UTC)
    for name in _EMPTY:
        setattr(dataset, name, None)
    dataset.MRAcquisitionType, dataset.ScanningSequence, dataset.SequenceVariant = "2D", "RM", "NONE"
    if "Manufacturer" not in series.attributes:
        dataset.Manufacturer, dataset.ManufacturerModelName = OWN, series.model[:64]
        dataset.SoftwareVersions = __version__
    dataset.update(deepcopy(series.attributes))
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
    dataset.Modality, dataset.SeriesInstanceUID = "MR", series.series_uid
    dataset.ContentDate = dataset.InstanceCreationDate = now.strftime("%Y%m%d")
    dataset.ContentTime = dataset.InstanceCreationTime = now.strftime("%H%M%S")
    known = str(dataset.get("SeriesDescription", ""))[: max(0, 63 - len(series.description))]
    dataset.SeriesDescription = f"{known} {series.description}".strip()[:64]
    dataset.SeriesNumber, dataset.InstanceNumber = series.number, index + 1
    dataset.ImageType = ["DERIVED", "PRIMARY", "OTHER", series.kind]
    dataset.DerivationDescription = series.derivation[:1024]
    dataset.BurnedInAnnotation = "NO"
    dataset.ContributingEquipmentSequence = Sequence([contribution(series.model, series.derivation)])
    complete(dataset)


def _place(dataset: Dataset, geometry: Geometry, index: int) -> None:
    affine = geometry.affine
    column, row, depth = geometry.spacing
    position = affine[:3, 3] + index * affine[:3, 2]
    directions = [*(affine[:3, 0] / column), *(affine[:3, 1] / row)]
    dataset.PixelSpacing = [f"{row:.8g}", f"{column:.8g}"]
    dataset.ImagePositionPatient = [f"{value:.8g}" for value in position]
    dataset.ImageOrientationPatient = [f"{value:.8g}" for value in directions]
    dataset.SpacingBetweenSlices = f"{depth:.8g}"
    if "SliceThickness" not in dataset:
        dataset.SliceThickness = dataset.SpacingBetweenSlices
