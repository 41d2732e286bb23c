"""Scans that ship inside PyPI packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file


def shipped(name: str, told: Callable[[str], object]) -> Path | None:
    """A file of pydicom's wheel, which is described; None where this pydicom has it not."""
    found = get_testdata_file(name, download=False)
    if not found:
        told(f"{name} does not ship with this pydicom; left out")
        return None
    dataset = pydicom.dcmread(str(found), stop_before_pixels=True)
    words = [dataset.get(key, "") for key in ("Modality", "Manufacturer", "BodyPartExamined", "ConvolutionKernel")]
    told(f"input {name}: {dataset.Rows}x{dataset.Columns} {' '.join(str(word) for word in words if word)}")
    return Path(str(found))
