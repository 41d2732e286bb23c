"""Results are read back by the one reader, and elsewhere stay no input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.dicom import denoised_series, find_files, scan, uncertainty_series, write_slice
from recon.io.dicom.read.own import read_own
from recon.io.dicom.write.derive import UNCERTAINTY
from tests.doors.view.samples import write_source


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A source beside the series that recon made of it, in one folder."""
    source = write_source(tmp_path / "source", 4, 64)
    (series,) = scan(find_files([source])).series
    made, doubt = denoised_series("ct_denoise:3 sha256:ab", 0.8), uncertainty_series("ct_denoise:3")
    for index, one in enumerate(series.records):
        write_slice(
            np.full((64, 64), 10.0 * index, np.float32), one.source, made, index + 1, tmp_path / f"a{index}.dcm"
        )
        write_slice(np.full((64, 64), 7.5, np.float32), one.source, doubt, index + 1, tmp_path / f"b{index}.dcm")
    return tmp_path


def test_images_and_half_widths_come_back_and_their_source_is_left(result: Path) -> None:
    found = {one.kind: one for one in read_own(result, lambda kind: True)}
    assert set(found) == {"DENOISED", UNCERTAINTY}
    images = found["DENOISED"]
    np.testing.assert_allclose(images.volume.values.mean(axis=(1, 2)), [0, 10, 20, 30], atol=0.5)
    np.testing.assert_allclose(found[UNCERTAINTY].volume.values, 7.5, atol=0.05)
    assert images.model == "ct_denoise:3 sha256:ab"
    assert "strength 0.8" in images.derivation
    assert [source.path.name for source in images.sources] == [f"a{index}.dcm" for index in range(4)]


def test_only_what_is_wanted_is_read(result: Path) -> None:
    assert [one.kind for one in read_own(result, lambda kind: kind == UNCERTAINTY)] == [UNCERTAINTY]


def test_a_missing_slice_and_a_damaged_one_are_said(result: Path) -> None:
    (result / "a2.dcm").unlink()
    with pytest.raises(UnreadableInput, match="slices of a series are missing"):
        read_own(result, lambda kind: kind == "DENOISED")
    (result / "b1.dcm").write_bytes((result / "b1.dcm").read_bytes()[:3000])
    with pytest.raises(UnreadableInput, match=r"b1\.dcm"):
        read_own(result, lambda kind: kind == UNCERTAINTY)
