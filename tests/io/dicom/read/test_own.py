"""What recon wrote is read back as it was written, to be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recon.errors import UnreadableInput
from recon.io.dicom.read.own import WIDTH, read_own
from recon.volumes import Unit
from tests.conftest import body
from tests.doors.view.samples import ct_dicom


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three denoised slices with their half-widths."""
    return ct_dicom(tmp_path_factory.mktemp("own") / "results", "abdomen", slices=3, size=64)


def test_images_and_half_widths_are_series_of_their_own(result: Path) -> None:
    found = {series.kind: series for series in read_own(result)}
    assert set(found) == {"DENOISED", WIDTH}
    image = found["DENOISED"]
    assert image.volume.shape == (3, 64, 64)
    assert image.volume.unit is Unit.HU
    assert image.model.startswith("ct_denoise:3")
    np.testing.assert_allclose(image.volume.values[1], body(64, 6, 1), atol=0.51)
    np.testing.assert_allclose(image.volume.geometry.affine, found[WIDTH].volume.geometry.affine)
    assert [source.position[2] for source in image.sources] == [0.0, 3.0, 6.0]


def test_a_damaged_slice_is_named(result: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (result / "image").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    whole = (copy / "0002.dcm").read_bytes()
    (copy / "0002.dcm").write_bytes(whole[: len(whole) - 2000])
    with pytest.raises(UnreadableInput, match=r"0002\.dcm"):
        read_own(copy)
