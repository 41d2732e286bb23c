"""One picture a series, to see in five seconds what was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recon.arrays import ByteArray
from recon.volumes import FloatImage

_INK, _PAPER = (235, 235, 235), (18, 18, 20)
_BAR = 30
_TILE = 512


def grey(image: FloatImage, low: float, high: float) -> ByteArray:
    """A window of values as grey levels (y, x, 3)."""
    level = np.clip((image - low) / (high - low), 0, 1)
    return np.repeat((level * 255).astype(np.uint8)[..., None], 3, axis=-1)


def heat(image: FloatImage, low: float, high: float) -> ByteArray:
    """A window of values from black over violet and orange to pale yellow (y, x, 3)."""
    stops = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], float)
    level = np.clip((image - low) / (high - low), 0, 1) * (len(stops) - 1)
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
