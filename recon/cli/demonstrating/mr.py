"""MR in ``recon demo``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom

from recon.cli.shipped import shipped
from recon.volumes import Geometry, Unit, Volume

#: An abdominal slice with a lesion of the liver, in pydicom's wheel.
FILE = "examples_overlay.dcm"


def inputs(output: Path, told: Callable[[str], object]) -> list[Path]:
    """What a scanner with eight coils would have measured of an image."""
    source = shipped(FILE, told)
    if source is None:
        return []
    raw = _raw_data(source, output)
    told(f"simulated from it: {raw}, 8 coils, every fourth line and 24 in the centre")
    return [raw]


def _raw_data(source: Path, output: Path) -> Path:
    from recon.training.mr.raw_files import write_ismrmrd
    from recon.training.mr.simulate import ScanProtocol, simulate

    dataset = pydicom.dcmread(str(source))
    image = dataset.pixel_array.astype(np.float32)
    column_mm, row_mm = float(dataset.PixelSpacing[1]), float(dataset.PixelSpacing[0])
    volume = Volume(image[None], Geometry.from_spacing(column_mm, row_mm, 5.0), Unit.ARBITRARY)
    scan = simulate(volume, ScanProtocol("cartesian", 4.0, "equispaced", 24, 1.0, 8, 0.02, 1.0, 0.0, 0))
    path = output / "raw" / "abdomen_kspace.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_ismrmrd(scan, path)
    return path
