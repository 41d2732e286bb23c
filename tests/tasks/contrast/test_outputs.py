"""What a contrast job writes, as DICOM and as NIfTI."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom

from recon.comparison.result import open_result
from recon.quality.verdict import Verdict
from recon.tasks.contrast.inputs import ContrastJob
from recon.tasks.contrast.options import ContrastOptions
from recon.tasks.contrast.outputs import ContrastSink
from recon.tasks.contrast.pair import ContrastPair, read_pair
from recon.values.result import ImageSlice
from tests.io.mr_slices import VALUES, write_series

MODEL = "contrast_enhance:1 sha256:" + "ab" * 8
_PROBED = 3


def _written(pair: ContrastPair, folder: Path, strength: float) -> np.ndarray:
    """Results of all slices, one of which has a map; returns that map."""
    folder.mkdir()
    sink = ContrastSink(pair, folder, MODEL, 0.1, strength)
    kept = np.linspace(0.2, 1.1, VALUES[0].size, dtype=np.float32).reshape(pair.pre.volume.shape[1:])
    kept[:4] = np.nan
    for index, plane in enumerate(pair.pre.volume.values):
        extra = {"DETECTABILITY": 0.1 * plane}
        if index == _PROBED:
            extra["SURVIVAL"] = kept
        sink.put(ImageSlice(index, 1.2 * plane, 0.05 * plane, Verdict.PASS, [], extra))
    sink.close()
    return kept


def test_dicom_has_the_map_with_its_place_and_says_how_much_the_network_made(tmp_path: Path) -> None:
    pair = read_pair([write_series(tmp_path / "a")], [write_series(tmp_path / "b")])
    kept = _written(pair, tmp_path / "out", 0.4)
    found = pydicom.dcmread(tmp_path / "out" / "survival.dcm")
    (frame,) = found.PerFrameFunctionalGroupsSequence
    source = pydicom.dcmread(pair.pre.files[_PROBED])
    place = frame.PlanePositionSequence[0].ImagePositionPatient
    np.testing.assert_allclose(place, source.ImagePositionPatient)
    assert (found.Modality, found.PatientID) == ("MR", "P1")
    pixels = found.float_pixel_array if hasattr(found, "float_pixel_array") else found.pixel_array
    np.testing.assert_allclose(pixels[4:], kept[4:], atol=1e-6)
    assert (pixels[:4] == -1).all()  # not measured
    image = pydicom.dcmread(tmp_path / "out" / "image" / "0001.dcm")
    assert "strength 0.4, the rest being the difference of the scans" in image.DerivationDescription
    assert len(image.DerivationDescription) <= 1024
    known = open_result(tmp_path / "out").record
    assert (known["strength"], known["dose_fraction"]) == (0.4, 0.1)


def test_two_dates_are_held_against_each_other_by_the_scanner_too(tmp_path: Path) -> None:
    pair = read_pair([write_series(tmp_path / "a")], [write_series(tmp_path / "b")])
    known = ContrastJob("a", "a", [], pair).load().comparability(ContrastOptions(strength=0.4))
    assert (known["strength"], known["scanner"]["FlipAngle"]) == (0.4, 15.0)
    _written(pair, tmp_path / "out", 0.4)
    of_headers = open_result(tmp_path / "out").record["scanner"]
    assert {name: of_headers[name] for name in known["scanner"]} == known["scanner"]


def test_nifti_has_nothing_where_no_lesion_was(tmp_path: Path) -> None:
    for name in ("pre", "low"):
        nib.save(nib.Nifti1Image(VALUES.astype(np.int16).T, np.diag([1.1, 0.9, 1.2, 1])), tmp_path / f"{name}.nii.gz")
    pair = read_pair([tmp_path / "pre.nii.gz"], [tmp_path / "low.nii.gz"])
    kept = _written(pair, tmp_path / "out", 1.0)
    image, survival = (nib.load(tmp_path / "out" / f"{name}.nii.gz") for name in ("image", "survival"))
    np.testing.assert_array_equal(image.affine, survival.affine)
    values = np.asarray(survival.dataobj).T
    np.testing.assert_allclose(values[_PROBED], kept, atol=1e-3)
    assert np.isnan(np.delete(values, _PROBED, axis=0)).all()
