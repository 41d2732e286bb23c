"""Parametric Maps: one multi-frame object with float pixels in coded units, such as uncertainty in HU; PS3.3 A.75."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code
from pydicom.uid import ParametricMapStorage, generate_uid

from recon import __version__
from recon.io.dicom.read.foreign import OWN
from recon.io.dicom.read.headers import quietly, text
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.write.attributes import raw_text, text_bytes, written_as
from recon.io.dicom.write.derive import DerivedSeries, contribution, save
from recon.io.dicom.write.template import coded, described, header_of, reference_to, series_number, single_frame
from recon.volumes import FloatImage

#: Of one element, whose length has 32 bits; a longer series becomes several instances.
_MOST_BYTES = 2**32 - 2
HOUNSFIELD, NO_UNITS = Code("[hnsf'U]", "UCUM", "Hounsfield unit"), Code("1", "UCUM", "no units")
_FROM_SOURCE = (
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "BodyPartExamined",
    "PatientPosition",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
    "SeriesDescription",
)


@dataclass(frozen=True)
class Quantity:
    """What the pixels of a map are.

    Attributes
    ----------
    label
        A word.
    explanation
        In words.
    unit
        Code of the unit (UCUM).
    window
        Centre and width to begin with.
    padding
        Value of pixels where nothing is known; None where there are none.
    """

    label: str
    explanation: str
    unit: Code
    window: tuple[str, str]
    padding: float | None = None


@dataclass(frozen=True)
class _Frame:
    place: int
    number: int
    groups: Dataset
    reference: Dataset | None
    series: str


class ParametricMap:
    """Takes frames in any order; writes them in the series' order when closed, and nothing where none came.

    Parameters
    ----------
    series
        That the map makes.
    quantity
        What its pixels are.
    path
        Of the file; a series of more than 4 GiB becomes several, numbered.
    modality
        Of the sources.
    """

    def __init__(self, series: DerivedSeries, quantity: Quantity, path: Path, modality: str) -> None:
        self._series, self._quantity, self._path, self._modality = series, quantity, path, modality
        self._frames: dict[int, _Frame] = {}
        self._template: Dataset | None = None
        self._shape, self._range = (0, 0), (np.inf, -np.inf)
        # a file without a name: a scan's floats need no memory, and nothing is left when the program is killed
        self._spool = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115

    def put(self, values: FloatImage, source: SliceSource, index: int) -> None:
        """Keep one frame.

        Parameters
        ----------
        values
            (y, x); NaN where nothing is known, if the quantity has a padding value.
        source
            Of the frame.
        index
            Its number in the series, from 0.
        """
        padding = self._quantity.padding
        known = values[np.isfinite(values)]
        plane = np.asarray(values if padding is None else np.where(np.isfinite(values), values, padding), "<f4")
        with quietly():
            made = single_frame(source)
            if self._template is None:
                self._template = _common(made, source, self._series, self._quantity, self._modality)
            groups = Dataset()
            groups.PixelMeasuresSequence = _part(made, "PixelSpacing", "SliceThickness")
            groups.PlaneOrientationSequence = _part(made, "ImageOrientationPatient")
            groups.PlanePositionSequence = _part(made, "ImagePositionPatient")
            reference = reference_to(source)
            groups.DerivationImageSequence = _derivation(self._series, reference)
            series = text(header_of(source), "SeriesInstanceUID")
        self._frames[index] = _Frame(self._spool.seek(0, 2), index + 1, groups, reference, series)
        self._spool.write(plane.tobytes())
        self._shape = plane.shape[0], plane.shape[1]
        if known.size:
            self._range = min(self._range[0], float(known.min())), max(self._range[1], float(known.max()))

    def close(self) -> None:
        """Write what there is."""
        order = [self._frames[index] for index in sorted(self._frames)]
        size = 4 * self._shape[0] * self._shape[1]
        at_most = max(1, _MOST_BYTES // max(1, size))
        for number, start in enumerate(range(0, len(order), at_most), 1):
            part = order[start : start + at_most]
            name = self._path.name if len(order) <= at_most else f"{self._path.stem}_{number}{self._path.suffix}"
            self._write(part, number, size, self._path.with_name(name))
        self._spool.close()

    def _write(self, frames: list[_Frame], number: int, size: int, path: Path) -> None:
        assert self._template is not None
        dataset = Dataset()
        for tag in list(self._template.keys()):
            dataset[tag] = self._template.get_item(tag)
        dataset.SOPInstanceUID, dataset.InstanceNumber = generate_uid(), number
        dataset.NumberOfFrames, (dataset.Rows, dataset.Columns) = len(frames), self._shape
        _add_functional_groups(dataset, frames, self._range, self._quantity)
        _add_references(dataset, frames)
        with quietly():
            save(dataset, path)
        # FloatPixelData has the highest tag of all; pydicom would need the whole of it in memory
        with path.open("ab") as file:
            file.write(struct.pack("<HH2sHL", 0x7FE0, 0x0008, b"OF", 0, len(frames) * size))
            for frame in frames:
                self._spool.seek(frame.place)
                file.write(self._spool.read(size))


def _part(made: Dataset, *names: str) -> Sequence:
    """Some attributes as the one item of a sequence."""
    item = Dataset()
    for name in names:
        if name in made:
            item[name] = made.get_item(name)
    return Sequence([written_as(item)])


def _derivation(series: DerivedSeries, reference: Dataset | None) -> Sequence:
    item = Dataset()
    item.DerivationDescription = series.description[:1024]
    item.DerivationCodeSequence = coded(series.code)
    item.SourceImageSequence = Sequence([] if reference is None else [reference])
    return Sequence([item])


def _common(made: Dataset, source: SliceSource, series: DerivedSeries, quantity: Quantity, modality: str) -> Dataset:
    """What all instances share."""
    now = datetime.now(UTC)
    dataset = Dataset()
    for name in _FROM_SOURCE:
        if name in made:
            dataset[name] = made.get_item(name)
    if not text_bytes(made, "FrameOfReferenceUID"):
        dataset.FrameOfReferenceUID = generate_uid()
    if "PositionReferenceIndicator" not in dataset:
        dataset.PositionReferenceIndicator = ""
    if not text_bytes(made, "LossyImageCompression"):
        dataset.LossyImageCompression = "00"
    dataset.SOPClassUID, dataset.Modality, dataset.SeriesInstanceUID = ParametricMapStorage, modality, series.series_uid
    dataset["SeriesDescription"] = raw_text("SeriesDescription", "LO", described(made, series.label))
    dataset.SeriesNumber = series_number(header_of(source), series.number_offset)
    dataset.Manufacturer, dataset.ManufacturerModelName = OWN, series.model[:64]
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "none", __version__
    dataset.ContributingEquipmentSequence = Sequence([contribution(series.model, series.description)])
    dataset.InstanceCreationDate = dataset.ContentDate = now.strftime("%Y%m%d")
    dataset.InstanceCreationTime = dataset.ContentTime = now.strftime("%H%M%S")
    dataset.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"]
    dataset.ContentLabel, dataset.ContentDescription = quantity.label, quantity.explanation
    dataset.ContentQualification, dataset.PixelPresentation = "RESEARCH", "MONOCHROME"
    # a head's skin can be seen in it
    dataset.BurnedInAnnotation, dataset.RecognizableVisualFeatures = "NO", "YES"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.PresentationLUTShape = 32, "IDENTITY"
    dataset.AcquisitionContextSequence = Sequence([])
    if quantity.padding is not None:
        dataset.FloatPixelPaddingValue = dataset.FloatPixelPaddingRangeLimit = quantity.padding
    return dataset


def _add_functional_groups(
    dataset: Dataset, frames: list[_Frame], span: tuple[float, float], quantity: Quantity
) -> None:
    shared = Dataset()
    kind, window, identity, mapping = Dataset(), Dataset(), Dataset(), Dataset()
    kind.FrameType = dataset.ImageType
    window.WindowCenter, window.WindowWidth = quantity.window
    identity.RescaleIntercept, identity.RescaleSlope, identity.RescaleType = "0", "1", "US"
    mapping.DoubleFloatRealWorldValueFirstValueMapped, mapping.DoubleFloatRealWorldValueLastValueMapped = span
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = 0.0, 1.0
    mapping.LUTLabel, mapping.LUTExplanation = quantity.label, quantity.explanation
    mapping.MeasurementUnitsCodeSequence = coded(quantity.unit)
    shared.ParametricMapFrameTypeSequence, shared.FrameVOILUTSequence = Sequence([kind]), Sequence([window])
    shared.PixelValueTransformationSequence = Sequence([identity])
    shared.RealWorldValueMappingSequence = Sequence([mapping])
    same = [
        name
        for name in ("PixelMeasuresSequence", "PlaneOrientationSequence")
        if all(frame.groups[name].value == frames[0].groups[name].value for frame in frames)
    ]
    for name in same:
        shared[name] = frames[0].groups[name]
    organization, dimension = Dataset(), Dataset()
    organization.DimensionOrganizationUID = dimension.DimensionOrganizationUID = generate_uid()
    dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = 0x00200032, 0x00209113
    dimension.DimensionDescriptionLabel = "Image Position (Patient)"
    own = []
    for number, frame in enumerate(frames, 1):
        item, content = Dataset(), Dataset()
        for element in frame.groups:
            if element.keyword not in same:
                item.add(element)
        content.DimensionIndexValues = [number]
        content.StackID, content.InStackPositionNumber = "1", frame.number
        item.FrameContentSequence = Sequence([content])
        own.append(item)
    dataset.DimensionOrganizationSequence = Sequence([organization])
    dataset.DimensionIndexSequence = Sequence([dimension])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(own)


def _add_references(dataset: Dataset, frames: list[_Frame]) -> None:
    """The instances that frames are derived from, by their series."""
    series: dict[str, dict[str, Dataset]] = {}
    for frame in frames:
        if frame.reference is not None and frame.series:
            item = Dataset()
            item.ReferencedSOPClassUID = frame.reference.ReferencedSOPClassUID
            item.ReferencedSOPInstanceUID = frame.reference.ReferencedSOPInstanceUID
            series.setdefault(frame.series, {})[str(item.ReferencedSOPInstanceUID)] = item
    found = []
    for uid, instances in series.items():
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, Sequence(list(instances.values()))
        found.append(item)
    if found:
        dataset.ReferencedSeriesSequence = Sequence(found)
