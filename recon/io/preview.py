"""One picture a series, to see in five seconds what was done."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recon.arrays import ByteArray
from recon.volumes import FloatImage

_INK, _PAPER = (235, 235, 235), (18, 18, 20)
_BAR = 30
_TILE = 512


def grey(image: FloatImage, low: float, high: float) -> ByteArray:
    """A window of values as grey levels (y, x, 3)."""
    level = np.clip((image - low) / ((high - low) or 1.0), 0, 1)
    return np.repeat((level * 255).astype(np.uint8)[..., None], 3, axis=-1)


def heat(image: FloatImage, low: float, high: float) -> ByteArray:
    """A window of values from black over violet and orange to pale yellow (y, x, 3)."""
    stops = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], float)
    level = np.clip((image - low) / ((high - low) or 1.0), 0, 1) * (len(stops) - 1)
    left = np.minimum(level.astype(int), len(stops) - 2)
    part = (level - left)[..., None]
    return ((1 - part) * stops[left] + part * stops[left + 1]).astype(np.uint8)


def kept_tile(image: ByteArray, kept: FloatImage) -> tuple[str, ByteArray]:
    """The contrast that a known lesion keeps, over the image where it was measured: bright where it is lost.

    Parameters
    ----------
    image
        (y, x, 3) grey levels.
    kept
        (y, x) share, NaN where it was not measured.
    """
    known = np.isfinite(kept)
    lost = np.asarray(1 - np.where(known, kept, 1), np.float32)
    return "contrast kept (dark: all, yellow: nothing)", np.where(
        known[..., None], image // 3 + 2 * (heat(lost, 0, 1) // 3), image
    )


def tile_row(tiles: list[tuple[str, ByteArray]], title: str) -> Image.Image:
    """Tiles of equal size side by side, each with a caption, under a title of one or more lines."""
    images = [Image.fromarray(pixels) for _, pixels in tiles]
    scale = _TILE / max(images[0].size)
    width, height = (round(side * scale) for side in images[0].size)
    lines = title.splitlines() or [""]
    top = _BAR * (len(lines) + 1)
    page = Image.new("RGB", (width * len(tiles), height + top), _PAPER)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=17)
    for place, line in enumerate(lines):
        draw.text((10, 5 + _BAR * place), line, fill=_INK, font=font)
    for index, ((caption, _), image) in enumerate(zip(tiles, images, strict=True)):
        page.paste(image.resize((width, height), Image.Resampling.BICUBIC), (index * width, top))
        draw.text((index * width + 10, top - _BAR + 4), caption, fill=_INK, font=font)
    return page
