"""One picture of a CT job: before, after, what was removed, and the uncertainty."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from recon.io.preview import grey, heat, kept_tile, tile_row
from recon.volumes import FloatImage


def ct_preview(
    low: FloatImage,
    image: FloatImage,
    uncertainty: FloatImage,
    title: str,
    path: Path | None = None,
    kept: FloatImage | None = None,
) -> Image.Image:
    """Before, after, what was removed, the uncertainty, and what lesions keep; saved as PNG when a path is given.

    Parameters
    ----------
    low, image, uncertainty
        (y, x) HU of one slice.
    title
        Above the pictures.
    path
        Where to write it.
    kept
        (y, x) share of its contrast that a known lesion keeps, NaN where it was not measured.
    """
    tiles = [
        ("low dose (-160..240 HU)", grey(low, -160, 240)),
        ("denoised", grey(image, -160, 240)),
        ("removed (-60..60 HU)", grey(low - image, -60, 60)),
        ("half-width of the interval (0..60 HU)", heat(uncertainty, 0, 60)),
    ]
    if kept is not None:
        tiles.append(kept_tile(grey(image, -160, 240), kept))
    page = tile_row(tiles, title)
    if path is not None:
        page.save(path)
    return page
