"""First bytes by which files are known."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from recon.io.formats.signature import ends_in, is_text, packer_of


def test_packers_are_known_by_what_they_write() -> None:
    tar, zipped = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a", "b")
    assert packer_of(tar.getvalue()[:512]) == "tar"
    assert packer_of(zipped.getvalue()) == "zip"
    assert packer_of(gzip.compress(b"x")) == "gzip"
    assert packer_of(b"") == packer_of(b"plain text") == ""


@pytest.mark.parametrize(
    ("start", "text"), [(b"hello\n", True), (b"", False), (b"\x00\x01", False), (b"\xc3\xbc", True)]
)
def test_text_is_told_from_samples(start: bytes, text: bool) -> None:
    assert is_text(start) is text


def test_endings_in_capitals_or_not() -> None:
    assert ends_in(Path("A.NII.GZ"), (".nii", ".nii.gz"))
    assert not ends_in(Path("nii"), (".nii",))
