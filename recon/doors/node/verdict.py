"""The verdict as objects that a radiologist's viewer shows: a structured report, and a page with picture and checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from highdicom.sc import SCImage
from highdicom.sr import (
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    SourceImageForMeasurementGroup,
    TrackingIdentifier,
)
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from recon import __version__
from recon.doors.node.page import verdict_page
from recon.doors.node.part10 import IMPLEMENTATION_UID
from recon.errors import OutputFailed, one_line

#: Of our own codes; PS3.16 8.2 keeps 99 for such.
_SCHEME = "99RECON"
_UNITS = {
    "HU": Code("[hnsf'U]", "UCUM", "Hounsfield unit"),
    "%": Code("%", "UCUM", "Percent"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "ms": Code("ms", "UCUM", "millisecond"),
    "s": Code("s", "UCUM", "second"),
    "degrees": Code("deg", "UCUM", "degree"),
    "dB": Code("dB", "UCUM", "decibel"),
}
_NO_UNIT = Code("1", "UCUM", "no units")
_SR_NUMBER, _PAGE_NUMBER = 7090, 7091
_MODEL_NAME = "recon"


def add_verdict(folder: Path, report: dict[str, Any]) -> None:
    """Write ``verdict.dcm`` and ``page.dcm`` into a result folder.

    Parameters
    ----------
    folder
        Holds ``image/*.dcm`` and ``preview.png``.
    report
        Content of ``report.json``.

    Raises
    ------
    OutputFailed
        When they can't be written.
    """
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted((folder / "image").glob("*.dcm"))]
    if not images:
        raise OutputFailed(f"{folder}: there is no image that a verdict could be on")
    try:
        _write(structured_report(report, images), folder / "verdict.dcm")
        with Image.open(folder / "preview.png") as preview:
            page = verdict_page(report, preview.convert("RGB"), len(images))
        _write(secondary_capture(report, page, images[len(images) // 2]), folder / "page.dcm")
    except OSError as error:
        raise OutputFailed(f"{folder}: {error.strerror or error}") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # highdicom on an odd source
        raise OutputFailed(f"{folder}: the verdict can't be written as DICOM: {one_line(error)}") from error


def structured_report(report: dict[str, Any], images: Sequence[Dataset]) -> Dataset:
    """The verdict and each check with its value, by TID 1500.

    Parameters
    ----------
    report
        Content of ``report.json``.
    images
        The derived images, headers alone.
    """
    device = DeviceObserverIdentifyingAttributes(
        uid=IMPLEMENTATION_UID, name="recon", manufacturer_name="recon", model_name=_model(report)
    )
    context = ObservationContext(
        observer_device_context=ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    )
    measured = [check for check in report["checks"] if check["value"] is not None]
    said = [QualitativeEvaluation(_own("VERDICT", "Verdict"), _own(report["verdict"], report["verdict"]))]
    said += [
        QualitativeEvaluation(_own(check["name"], _words(check)), _own(check["outcome"], check["outcome"]))
        for check in report["checks"]
    ]
    middle = images[len(images) // 2]
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=generate_uid(), identifier="verdict"),
        measurements=[
            Measurement(_own(check["name"], _words(check)), float(check["value"]), _unit(check["unit"]))
            for check in measured
        ],
        qualitative_evaluations=said,
        source_images=[SourceImageForMeasurementGroup(str(middle.SOPClassUID), str(middle.SOPInstanceUID))],
    )
    content = MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion
        if images[0].Modality == "CT"
        else codes.LN.MRIUnspecifiedBodyRegion,
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    made = ComprehensiveSR(
        evidence=[_with_required(image) for image in images],
        content=content[0],
        series_instance_uid=generate_uid(),
        series_number=_number(images[0], _SR_NUMBER),
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="recon",
        is_complete=True,
        is_final=False,
    )
    made.SeriesDescription = f"recon verdict: {report['verdict']}"
    made.ManufacturerModelName, made.SoftwareVersions = _MODEL_NAME, __version__
    made.DeviceSerialNumber = "none"
    return made


def secondary_capture(report: dict[str, Any], page: Image.Image, image: Dataset) -> Dataset:
    """A page as a picture that every viewer shows, in the study of an image."""
    made = SCImage.from_ref_dataset(
        ref_dataset=_with_required(image),
        pixel_array=np.asarray(page),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=generate_uid(),
        series_number=_number(image, _PAGE_NUMBER),
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="recon",
        patient_orientation=("L", "P"),
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    made.SeriesDescription = f"recon verdict: {report['verdict']} (page)"
    made.ImageType = ["DERIVED", "SECONDARY", "OTHER", "VERDICT"]
    made.BurnedInAnnotation, made.Laterality = "NO", image.get("Laterality", "")
    made.ManufacturerModelName, made.SoftwareVersions = _MODEL_NAME, __version__
    return made


def _with_required(image: Dataset) -> Dataset:
    """A header in which everything is that highdicom asks for, empty where the source has none."""
    made = pydicom.Dataset()
    made.update({element.tag: element for element in image if element.tag.group != 0x7FE0})
    made.file_meta = image.file_meta
    for name in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "ReferringPhysicianName",
    ):
        if name not in made:
            setattr(made, name, "")
    return made


def _number(image: Dataset, offset: int) -> int:
    return int(image.get("SeriesNumber") or 0) % 7000 + offset


def _model(report: dict[str, Any]) -> str:
    model = report["model"]
    return f"{model.get('name', '')}:{model.get('version', '')} sha256:{str(model.get('sha256', ''))[:16]}"[:64]


def _own(value: str, meaning: str) -> Code:
    return Code(value.upper()[:16], _SCHEME, meaning[:64])


def _words(check: dict[str, Any]) -> str:
    """Name and limits, since a code's meaning is what viewers show."""
    low, high = check["lower_limit"], check["upper_limit"]
    if low is None and high is None:
        return str(check["name"])
    limits = " to ".join("" if limit is None else f"{limit:g}" for limit in (low, high)).strip()
    return f"{check['name']} (limits {limits})"


def _unit(unit: str) -> Code:
    return _UNITS.get(unit, _NO_UNIT)


def _write(dataset: Dataset, path: Path) -> None:
    dataset.save_as(path, enforce_file_format=True)
