"""CT in ``recon demo``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recon.cli.shipped import shipped

#: Slices in pydicom's wheel: a thorax at 512x512 and a small one.
FILES = ("J2K_pixelrep_mismatch.dcm", "CT_small.dcm")


def inputs(output: Path, told: Callable[[str], object]) -> list[Path]:
    """Scans as they are."""
    return [path for name in FILES if (path := shipped(name, told)) is not None]
