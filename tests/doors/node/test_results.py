"""What a job made goes out with its kind: images first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom

from recon.doors.node.results import products


def folder(path: Path, make_slice: Callable[..., Path], *names: str) -> Path:
    for number, name in enumerate(names):
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(make_slice(f"{number}.dcm"), target)
    return path


def test_kinds_are_told_by_where_files_lie_and_images_go_first(tmp_path: Path, make_slice: Callable[..., Path]) -> None:
    names = ("uncertainty/0001.dcm", "uncertainty.dcm", "page.dcm", "verdict.dcm", "image/0002.dcm", "image/0001.dcm")
    working = folder(tmp_path / "working", make_slice, *names)
    found = products(working, tmp_path / "done")
    assert [(one.kind, one.path.relative_to(tmp_path / "done").as_posix()) for one in found] == [
        ("image", "image/0001.dcm"),
        ("image", "image/0002.dcm"),
        ("verdict", "verdict.dcm"),
        ("page", "page.dcm"),
        ("map", "uncertainty.dcm"),
        ("uncertainty", "uncertainty/0001.dcm"),
    ]
    assert [one.kind for one in found if one.only_if_plain] == ["uncertainty"]
    header = pydicom.dcmread(working / "image" / "0001.dcm")
    assert (found[0].sop, found[0].series) == (header.SOPInstanceUID, header.SeriesInstanceUID)
    assert found[0].syntax == header.file_meta.TransferSyntaxUID


def test_without_a_map_the_plain_images_say_it(tmp_path: Path, make_slice: Callable[..., Path]) -> None:
    working = folder(tmp_path / "working", make_slice, "uncertainty/0001.dcm")
    (only,) = products(working, tmp_path / "done")
    assert not only.only_if_plain
