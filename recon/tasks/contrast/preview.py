"""One picture of a contrast job: both scans, the synthesised one, what was added, and the uncertainty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from recon.io.preview import grey, heat, kept_tile, tile_row
from recon.volumes import FloatImage


def contrast_preview(
    pre: FloatImage,
    low: FloatImage | None,
    image: FloatImage,
    uncertainty: FloatImage,
    title: str,
    path: Path | None = None,
    kept: FloatImage | None = None,
) -> Image.Image:
    """Pre, low, synthesised, enhancement, and uncertainty of one slice; saved as PNG when a path is given.

    Parameters
    ----------
    pre, low
        (y, x) as acquired; ``low`` may be on another scale, or None where it lies elsewhere.
    image, uncertainty
        (y, x) of the result, in the unit of ``pre``.
    title
        Above the pictures.
    path
        Where to write it.
    kept
        (y, x) share of its contrast that a known lesion keeps, NaN where it was not measured.
    """
    white = 1.4 * _bright(pre)
    part = _box(pre, image)
    tiles = [("before contrast", grey(pre[part], 0, white))]
    if low is not None:
        same = low[part] * np.float32(_level(pre) / max(_level(low), 1e-9))
        tiles.append(("after the reduced dose", grey(same, 0, white)))
    tiles += [
        ("SYNTHESISED full dose", grey(image[part], 0, white)),
        ("added to the scan before contrast", heat((image - pre)[part], 0, white / 2)),
        ("half-width of the interval", heat(uncertainty[part], 0, white / 4)),
    ]
    if kept is not None:
        tiles.append(kept_tile(grey(image[part], 0, white), kept[part]))
    page = tile_row(tiles, title)
    if path is not None:
        page.save(path)
    return page


def _bright(pre: FloatImage) -> float:
    positive = pre[pre > 0.05 * float(pre.max())] if float(pre.max()) > 0 else pre.ravel()
    return float(np.percentile(positive, 99)) if positive.size else 1.0


def _level(scan: FloatImage) -> float:
    positive = scan[scan > 0.1 * _bright(scan)]
    return float(np.median(positive)) if positive.size else 1.0


def _box(pre: FloatImage, image: FloatImage) -> tuple[slice, slice]:
    """The head with a margin, so that little black is shown."""
    bright = np.maximum(pre, image) > 0.15 * _bright(pre)
    parts = []
    for axis, side in ((1, pre.shape[0]), (0, pre.shape[1])):
        hits = np.flatnonzero(bright.any(axis=axis))
        first, last = (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (0, side)
        parts.append(slice(max(0, first - 6), min(side, last + 6)))
    return parts[0], parts[1]
