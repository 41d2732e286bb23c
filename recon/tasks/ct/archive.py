"""Which scans of an archive are CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recon.errors import UnreadableInput
from recon.tasks.archive import Claim, Scan

#: Values below this are air in HU; no MR image and no lost rescale has them.
_AIR_HU = -200.0


def claim(scan: Scan) -> Claim:
    """CT series, and volumes whose values can be HU."""
    if scan.kind == "dicom" and scan.facts.get("modality") == "CT":
        return Claim(True, f"CT slices ({scan.facts.get('class', '')})")
    if scan.kind != "nifti":
        return Claim()
    if trouble := looks_like_hu(scan.path):
        return Claim(False, f"a NIfTI volume, but {trouble}")
    return Claim(True, "a NIfTI volume with air below -200, as HU have it")


def looks_like_hu(path: Path) -> str:
    """Why a NIfTI volume isn't in HU, judged by its middle slices; empty when it is."""
    import nibabel as nib

    try:
        image: Any = nib.load(path)
        if len(image.shape) < 3 or 0 in image.shape:
            return f"its shape {image.shape} is no volume"
        lowest = min(
            float(np.nanmin(image.dataobj[..., index] if len(image.shape) == 3 else image.dataobj[..., index, 0]))
            for index in {image.shape[2] // 2, image.shape[2] // 4}
        )
    except Exception as error:
        raise UnreadableInput(f"damaged: {str(error)[:160]}") from error
    if lowest < _AIR_HU:
        return ""
    return f"its values start at {lowest:.0f}, so they are no HU; an MR volume needs its pair"
