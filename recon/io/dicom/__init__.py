"""CT series from DICOM files as they are met, and derived series like them."""

from recon.io.dicom.derive import (
    DerivedSeries,
    denoised_series,
    simulated_series,
    uncertainty_series,
    write_slice,
)
from recon.io.dicom.find import find_files
from recon.io.dicom.parametric_map import UncertaintyMap
from recon.io.dicom.records import SliceSource
from recon.io.dicom.series import CtSeries, Scan, SeriesIndex, load, read_series, scan
from recon.io.dicom.skipped import Kind, Skipped
from recon.io.dicom.template import coded

__all__ = [
    "CtSeries",
    "DerivedSeries",
    "Kind",
    "Scan",
    "SeriesIndex",
    "Skipped",
    "SliceSource",
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
