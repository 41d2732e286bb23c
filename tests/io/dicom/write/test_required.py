"""What is written is whole for an independent judge, whatever the source lacked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset

from recon.io.dicom import denoised_series, find_files, scan, uncertainty_series, write_slice
from recon.io.dicom.write.synthesised import synthesised_series, write_synthesised_slice
from recon.tasks.contrast.pair import read_scan
from tests.io.mr_slices import VALUES, write_series


def faults(path: Path) -> list[str]:
    """What dciodvfy calls an error."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt install dicom3tools")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]


def test_a_derived_ct_slice_has_no_fault(make_slice: Callable[..., Path], tmp_path: Path) -> None:
    (series,) = scan(find_files([make_slice(StudyInstanceUID="1.2.3", FrameOfReferenceUID="1.2.3.9").parent])).series
    source = series.records[0].source
    for name, made in (("image", denoised_series("m:1", 1.0)), ("map", uncertainty_series("m:1"))):
        path = tmp_path / f"{name}.dcm"
        write_slice(np.zeros((128, 128), np.float32), source, made, 1, path)
        assert faults(path) == [], name


@pytest.mark.parametrize("name", ["SpacingBetweenSlices", "SliceThickness"])
def test_a_slice_of_no_height_is_one_of_unknown_height(
    make_slice: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    (series,) = scan(find_files([make_slice(**{name: "0"}).parent])).series
    path = tmp_path / "image.dcm"
    write_slice(np.zeros((128, 128), np.float32), series.records[0].source, denoised_series("m:1", 1.0), 1, path)
    assert min(SimpleITK.ReadImage(str(path)).GetSpacing()) > 0


@pytest.mark.parametrize("sequence", [None, "IR", ["SE", "IR"], "GR"])
def test_a_derived_mr_slice_has_no_fault(tmp_path: Path, sequence: str | list[str] | None) -> None:
    def described(dataset: Dataset, index: int) -> None:
        if sequence is not None:
            dataset.ScanningSequence = sequence

    source = read_scan([write_series(tmp_path / "scan", each=described)]).sources[0]
    path = tmp_path / "made.dcm"
    write_synthesised_slice(VALUES[0].astype(np.float32), source, None, synthesised_series("m:1", 0.1, 900), 1, path)
    assert faults(path) == []
    found = pydicom.dcmread(path)
    assert found.ScanningSequence == ("RM" if sequence is None else sequence)
    assert "Manufacturer" in found
    assert not found.Manufacturer


def test_what_the_source_has_stays(make_slice: Callable[..., Path], tmp_path: Path) -> None:
    path = make_slice(
        Laterality="L", KVP="120", PatientPosition="HFS", Manufacturer="Acme", FrameOfReferenceUID="1.2.9"
    )
    (series,) = scan(find_files([path])).series
    made = tmp_path / "made.dcm"
    write_slice(np.zeros((128, 128), np.float32), series.records[0].source, denoised_series("m:1", 1.0), 1, made)
    found = pydicom.dcmread(made)
    kept = (found.Laterality, float(found.KVP), found.PatientPosition, found.Manufacturer, found.FrameOfReferenceUID)
    assert kept == ("L", 120.0, "HFS", "Acme", "1.2.9")
