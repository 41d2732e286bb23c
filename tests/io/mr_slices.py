"""MR series of one scan, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

VALUES = np.random.default_rng(0).integers(0, 900, (7, 12, 10)).astype(np.uint16)


def write_series(
    folder: Path,
    values: np.ndarray = VALUES,
    patient: str = "P1",
    skip: int | None = None,
    each: Callable[[Dataset, int], None] = lambda dataset, index: None,
) -> Path:
    """A sagittal MR series, files in no order; ``each`` has the last word on every slice."""
    folder.mkdir(parents=True, exist_ok=True)
    study = generate_uid(entropy_srcs=[str(folder.parent)])
    series = generate_uid(entropy_srcs=[str(folder)])
    for index in np.random.default_rng(1).permutation(len(values)):
        if index == skip:
            continue
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.PatientID, dataset.PatientName, dataset.Modality = patient, "Test", "MR"
        dataset.SeriesDescription, dataset.SeriesNumber, dataset.InstanceNumber = "T1 sag", 4, int(index) + 1
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.RepetitionTime, dataset.EchoTime, dataset.FlipAngle = 8.0, 3.0, 15.0
        dataset.ContrastBolusAgent, dataset.ContrastBolusTotalDose = "gadobutrol", 7.5
        dataset.ImagePositionPatient = [float(-30 + 1.2 * index), -100.0, 80.0]
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        dataset.PixelSpacing, dataset.SliceThickness = [0.9, 1.1], 1.2
        dataset.Rows, dataset.Columns = values.shape[1:]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PixelRepresentation = 15, 0
        dataset.RescaleSlope, dataset.RescaleIntercept = 2.0, 1.0
        dataset.PixelData = values[index].astype("<u2").tobytes()
        each(dataset, int(index))
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(folder / f"{index:03d}_{generate_uid()[-6:]}.dcm", enforce_file_format=True)
    return folder
