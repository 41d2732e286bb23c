"""DICOM files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recon.io.formats import Content, recognise

MakeSlice = Callable[..., Path]


def test_a_dicom_series_without_its_uid_is_one_scan(make_slice: MakeSlice) -> None:
    looks = [
        recognised.look(path)
        for path in (make_slice(f"{i}.dcm", z=3.0 * i, SeriesInstanceUID="") for i in range(3))
        if (recognised := recognise(path)) is not None
    ]
    assert len(looks) == 3
    assert len({look.scan for look in looks}) == 1
    assert {look.content for look in looks} == {Content.CT}
