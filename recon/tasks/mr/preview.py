"""One picture of an MR job: what the samples alone show, the reconstruction, their difference, and the uncertainty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from recon.io.preview import grey, heat, kept_tile, tile_row
from recon.volumes import FloatImage


def mr_preview(
    zero_filled: FloatImage,
    image: FloatImage,
    uncertainty: FloatImage,
    title: str,
    path: Path | None = None,
    kept: FloatImage | None = None,
) -> Image.Image:
    """What the samples alone show, the reconstruction, their difference, and the uncertainty.

    Parameters
    ----------
    zero_filled, image, uncertainty
        (y, x) of one slice, all in the same unit.
    title
        Above the pictures.
    path
        Where to write it.
    kept
        (y, x) share of its contrast that a known lesion keeps, NaN where it was not measured.
    """
    white = float(np.percentile(image, 99.5)) or 1.0
    size = float((zero_filled * zero_filled).sum()) or 1.0
    matched = zero_filled * np.float32((zero_filled * image).sum() / size)
    tiles = [
        ("zero-filled (percent: of the brightest tissue)", grey(matched, 0, white)),
        ("reconstruction", grey(image, 0, white)),
        ("difference (-25..25 %)", grey(image - matched, -white / 4, white / 4)),
    ]
    if np.isfinite(uncertainty).all():
        tiles.append(("half-width of the interval (0..15 %)", heat(uncertainty, 0, 0.15 * white)))
    if kept is not None:
        tiles.append(kept_tile(grey(image, 0, white), kept))
    page = tile_row(tiles, title)
    if path is not None:
        page.save(path)
    return page
