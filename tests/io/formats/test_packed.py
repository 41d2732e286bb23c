"""Packed scans are named, and other archives are nothing."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.formats import recognise

MakeSlice = Callable[..., Path]


def test_packed_scans_are_named_and_other_archives_are_nothing(tmp_path: Path, make_slice: MakeSlice) -> None:
    slice_file, words = make_slice(), tmp_path / "words.txt"
    words.write_text("words")
    for name, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        (tmp_path / f"s.dcm.{name}").write_bytes(pack(slice_file.read_bytes()))
        (tmp_path / f"words.txt.{name}").write_bytes(pack(words.read_bytes()))
    for stem, inner in (("s", slice_file), ("words", words)):
        with zipfile.ZipFile(tmp_path / f"{stem}.zip", "w") as archive:
            archive.write(words, "first.txt")
            archive.write(inner, f"deep/{inner.name}")
        for mode, ending in (("w", "tar"), ("w:gz", "tar.gz"), ("w:xz", "tar.xz")):
            with tarfile.open(tmp_path / f"{stem}.{ending}", mode) as tar:  # type: ignore[call-overload]
                tar.add(words, "first.txt")
                tar.add(inner, f"deep/{inner.name}")
    (tmp_path / "s.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    for path in sorted(tmp_path.glob("*.*")):
        if path == words:
            continue
        found = recognise(path)
        assert found is not None
        assert found.NAME == "packed"
        with pytest.raises(Refused, match="packed") as caught:
            found.look(path)
        assert caught.value.kind is (Kind.BROKEN if path.name.startswith("s.") else Kind.OTHER), path.name
