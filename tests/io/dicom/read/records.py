"""Slices as records, without a file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from recon.io.dicom.read.records import Belonging, SliceRecord, SliceSource

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def record(z: float = 0.0, *, x: float = 0.0, y: float = 0.0, **changes: Any) -> SliceRecord:
    """An axial slice at a place, mm; keyword arguments replace what it is or belongs to."""
    shared: dict[str, Any] = {
        **dict.fromkeys((part.name for part in fields(Belonging)), ""),
        "series": "1.2",
        "rows": 4,
        "columns": 5,
        "orientation": AXIAL,
        "spacing": (0.8, 0.7),
    }
    own: dict[str, Any] = {
        "instance": f"{x},{y},{z},{sorted(changes.items())}",
        "instance_number": 0.0,
        "thickness": 3.0,
        "acquisition": "",
        "acquisition_uid": "",
        "phase": "",
        "time_s": 0.0,
        "settings": "",
        "stack": "",
        "assumed": False,
    }
    for name, value in changes.items():
        (shared if name in shared else own)[name] = value
    return SliceRecord(SliceSource(Path("slice.dcm"), None, (x, y, z)), Belonging(**shared), **own)
