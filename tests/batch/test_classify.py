"""What one file of an archive is: by its header, and in words where it is nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recon.batch.classify import classify
from recon.batch.items import InputFile
from tests.batch.archives import write_nifti, write_series


def test_files_of_one_series_are_one_scan_and_no_copies(tmp_path: Path) -> None:
    one, two = (classify(path, tmp_path) for path in write_series(tmp_path / "chest", 2))
    assert one.kind == "CT"
    assert one.group == two.group != ""
    assert one.identity != two.identity
    assert one.taken == "2024-01-02"
    assert one.label == two.label
    assert one.label.startswith("chest_")


def test_volumes_of_the_same_content_may_be_copies(tmp_path: Path) -> None:
    names = {"a.nii": 0, "b.nii": 0, "c.nii": 1}
    a, b, c = (classify(write_nifti(tmp_path / name, seed), tmp_path) for name, seed in names.items())
    assert a.kind == "VOLUME"
    assert a.identity == b.identity != c.identity
    assert a.group != b.group


def test_halves_share_the_rest_of_their_names(tmp_path: Path) -> None:
    pre, low = (classify(write_nifti(tmp_path / f"p1_{half}.nii"), tmp_path) for half in ("pre", "low"))
    assert (pre.role, low.role) == ("pre", "low")
    assert pre.pair == low.pair != ""
    assert pre.facts["half_of"] == "contrast"
    assert classify(write_nifti(tmp_path / "p2_low.nii"), tmp_path).pair != low.pair


@pytest.mark.parametrize(
    ("name", "content", "state", "words"),
    [
        ("notes.txt", b"hello", "skipped", "not a scan"),
        (".hidden.dcm", b"x", "skipped", "a hidden file"),
        ("empty.txt", b"", "skipped", "an empty file"),
        ("empty.dcm", b"", "failed", "an empty file"),
        ("cut.nii", b"\x5c\x01\x00\x00" + bytes(200), "failed", ""),
    ],
)
def test_what_is_no_scan_says_why(tmp_path: Path, name: str, content: bytes, state: str, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    found = classify(tmp_path / name, tmp_path)
    assert found.state == state
    assert found.group == ""
    assert found.reason
    assert words in found.reason
    assert len(found.reason.splitlines()) == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
    ],
)
def test_what_is_no_file_is_not_opened(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    make(tmp_path / "odd.dcm")
    found: InputFile = classify(tmp_path / "odd.dcm", tmp_path)
    assert words in found.reason
