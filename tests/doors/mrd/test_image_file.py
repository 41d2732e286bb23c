"""Images are kept and found again, series by series, whatever their size."""

from __future__ import annotations

from pathlib import Path

import ismrmrd
import numpy as np
import pytest

from recon.doors.mrd.image_file import ImageFile, images_in
from recon.doors.mrd.wire import Image
from recon.doors.mrd.wire.layout import IMAGE_HEAD
from recon.errors import OutputFailed, ReconError


def image(series: int, value: float, shape: tuple[int, int] = (4, 5), dtype: str = "<f4") -> Image:
    head = np.zeros((), IMAGE_HEAD)
    head["image_series_index"] = series
    return Image.of(head, ismrmrd.Meta({"value": str(value)}).serialize(), np.full((1, 1, *shape), value, dtype))


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    kept = [
        image(99, 1.0),
        image(100, 2.0),
        image(99, 3.0),
        image(99, 4.0, (6, 6)),
        image(99, 5.0, dtype="<i2"),
        image(7, 6.0, dtype="<c8"),
    ]
    file = ImageFile(tmp_path / "deep" / "images.h5")
    for one in kept:
        file.keep(one)
    file.write_header(b"<header/>")
    file.close()
    assert file.images == 6
    found = list(images_in(tmp_path / "deep" / "images.h5"))
    by_value = {float(one.values.real.ravel()[0]): one for one in found}
    assert sorted(by_value) == [1, 2, 3, 4, 5, 6]
    for one in kept:
        again = by_value[float(one.values.real.ravel()[0])]
        np.testing.assert_array_equal(again.values, one.values)
        assert again.values.dtype == one.values.dtype
        assert again.attributes == one.attributes
        assert again.head["image_series_index"] == one.head["image_series_index"]
    assert [int(one.head["image_series_index"]) for one in found] == sorted(
        int(one.head["image_series_index"]) for one in kept
    )


def test_the_formats_own_package_reads_it(tmp_path: Path) -> None:
    file = ImageFile(tmp_path / "images.h5")
    file.keep(image(99, 1.5))
    file.close()
    theirs = ismrmrd.Dataset(str(tmp_path / "images.h5"), "dataset", False).read_image("image_99", 0)
    np.testing.assert_array_equal(theirs.data, np.full((1, 1, 4, 5), 1.5))


def test_a_file_that_is_there_is_written_anew(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        file = ImageFile(tmp_path / "images.h5")
        file.keep(image(99, value))
        file.close()
    (only,) = images_in(tmp_path / "images.h5")
    assert only.values.ravel()[0] == 2.0


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputFailed, match="can't write"):
        ImageFile(tmp_path / "file" / "images.h5")


def test_what_is_no_such_file_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "words.h5").write_text("words")
    with pytest.raises(ReconError):
        list(images_in(tmp_path / "words.h5"))
