"""DICOM: one reader of images and one writer of what is derived from them."""

from recon.io.dicom.read.find import find_files
from recon.io.dicom.read.index import SeriesFound, SeriesIndex, scan
from recon.io.dicom.read.kinds import CT, MR, ImageKind
from recon.io.dicom.read.records import SliceSource
from recon.io.dicom.read.series import ImageSeries, load, read_series
from recon.io.dicom.read.skipped import Kind, SkippedFile
from recon.io.dicom.write.denoised import denoised_series, simulated_series, uncertainty_series, write_slice
from recon.io.dicom.write.derive import DerivedSeries
from recon.io.dicom.write.maps import SurvivalMap, UncertaintyMap
from recon.io.dicom.write.template import coded

__all__ = [
    "CT",
    "MR",
    "DerivedSeries",
    "ImageKind",
    "ImageSeries",
    "Kind",
    "SeriesFound",
    "SeriesIndex",
    "SkippedFile",
    "SliceSource",
    "SurvivalMap",
    "UncertaintyMap",
    "coded",
    "denoised_series",
    "find_files",
    "load",
    "read_series",
    "scan",
    "simulated_series",
    "uncertainty_series",
    "write_slice",
]
