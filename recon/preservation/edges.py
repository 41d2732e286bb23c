"""Large discs of several contrasts in a body of one value: how sharp each method leaves their edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recon.arrays import FloatArray
from recon.preservation.sharpness import edge_spread, ttf50
from recon.preservation.trial import Background, Denoiser, Pair, noise_of, places_in
from recon.probes.lesion import disc

CONTRASTS_HU = (20.0, 50.0, 100.0, 300.0)
_RADIUS_PX, _HALF_PX, _APART_PX = 11.0, 23, 48


def ttf50_ratios(
    pairs: Sequence[Pair],
    backgrounds: Sequence[Background],
    denoisers: dict[str, Denoiser],
    *,
    blur_mm: float,
    seed: int,
) -> dict[str, dict[float, float]]:
    """TTF50 over that of the input, by method and contrast in HU.

    Parameters
    ----------
    pairs, backgrounds
        Whose noise, and where the discs go; of each the same number.
    denoisers
        Methods by name.
    blur_mm
        Point spread of the discs.
    seed
        Of their places.
    """
    found: dict[str, dict[float, list[FloatArray]]] = {name: {c: [] for c in CONTRASTS_HU} for name in denoisers}
    given = []
    rng = np.random.default_rng(seed)
    for pair, background in zip(pairs, backgrounds, strict=True):
        noise = noise_of(pair, 0, rng) * background.added
        places = places_in(background.suitable, _APART_PX, 8, rng)
        shape = disc(2 * _RADIUS_PX * pair.spacing_mm, (pair.spacing_mm,) * 2, blur_mm, _HALF_PX)
        discs = np.zeros(tuple(side + 2 * _HALF_PX for side in background.base.shape), np.float32)
        for row, column in places:  # at the border they may reach out of the slice
            discs[row : row + 2 * _HALF_PX + 1, column : column + 2 * _HALF_PX + 1] += shape
        discs = discs[_HALF_PX:-_HALF_PX, _HALF_PX:-_HALF_PX]
        inside = [
            (row, column)
            for row, column in places
            if _HALF_PX <= row < discs.shape[0] - _HALF_PX and _HALF_PX <= column < discs.shape[1] - _HALF_PX
        ]
        plain = background.base + noise
        stack = np.round(np.stack([plain, *(plain + contrast * discs for contrast in CONTRASTS_HU)]))
        given += _cut(discs, inside)
        for name, denoise in denoisers.items():
            images, _ = denoise(stack.astype(np.float32))
            for image, contrast in zip(images[1:], CONTRASTS_HU, strict=True):
                found[name][contrast] += _cut((image - images[0]) / contrast, inside)
    input_ = _ttf50(given)
    return {
        name: {contrast: _ttf50(parts) / input_ for contrast, parts in by_contrast.items()}
        for name, by_contrast in found.items()
    }


def _cut(image: FloatArray, places: Sequence[tuple[int, int]]) -> list[FloatArray]:
    half = _HALF_PX
    return [image[r - half : r + half + 1, c - half : c + half + 1] for r, c in places]


def _ttf50(pictures: Sequence[FloatArray]) -> float:
    if not pictures:
        return float("nan")
    centres = np.full((len(pictures), 2), float(_HALF_PX))
    return ttf50(edge_spread(np.stack(pictures), centres, _RADIUS_PX))
