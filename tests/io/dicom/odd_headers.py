"""Headers with bytes that no writer would write."""

from __future__ import annotations

from pathlib import Path

import pydicom

from recon.io.dicom import denoised_series, read_series, write_slice


def with_bytes(path: Path, keyword: str, value: bytes) -> Path:
    """Replace the bytes of an attribute with a short VR."""
    content = path.read_bytes()
    tag = pydicom.tag.Tag(keyword)
    place = content.index(tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little"), 132)
    length = int.from_bytes(content[place + 6 : place + 8], "little")
    value += b" " * (len(value) % 2)
    path.write_bytes(content[: place + 6] + len(value).to_bytes(2, "little") + value + content[place + 8 + length :])
    return path


def written(path: Path, tmp_path: Path) -> pydicom.Dataset:
    (series,), skipped = read_series([path])
    assert skipped == []
    write_slice(series.volume.values[0], series.sources[0], denoised_series("m", 0.0), 1, tmp_path / "out.dcm")
    return pydicom.dcmread(tmp_path / "out.dcm")
