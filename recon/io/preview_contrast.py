"""One picture of a contrast synthesis: what was measured, what was computed, and how sure that is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from recon.io.preview import grey, heat, tile_row
from recon.volumes import FloatImage


def contrast_preview(
    pre: FloatImage, low: FloatImage | None, image: FloatImage, uncertainty: FloatImage, title: str,
    path: Path | None = None,
) -> Image.Image:  # fmt: skip
    """Pre, low dose, synthesised, what was added, and the uncertainty.

    Parameters
    ----------
    pre, low, image, uncertainty
        (y, x) of one slice in the unit of the scan before contrast; ``low`` None where it lies elsewhere.
    title
        Above the pictures.
    path
        Where to write it.
    """
    white = float(np.percentile(image, 99.8)) or 1.0
    tiles = [("before contrast", grey(pre, 0, white))]
    if low is not None:
        own = float(np.percentile(low, 99)) or 1.0
        tiles.append(("reduced dose, as scanned", grey(low, 0, white * own / (float(np.percentile(pre, 99)) or 1.0))))
    tiles += [
        ("SYNTHESISED full dose", grey(image, 0, white)),
        ("synthesised - before (0..50 %)", heat(image - pre, 0, 0.5 * white)),
        ("uncertainty, 90 % interval (0..25 %)", heat(uncertainty, 0, 0.25 * white)),
    ]
    page = tile_row(tiles, title)
    if path is not None:
        page.save(path)
    return page
