"""Lesions in a scan of known dose, denoised with them and without: what the measures of low-dose CT look at.

Noise is the pair's own, low less full dose: as it is, then moved, mirrored and turned over, with its local strength
kept. Every place is there twice, with a lesion and without, in the same noise. Two backgrounds: the patient, and a body
of one value, in which what theory says of dose must come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, binary_fill_holes, binary_opening, gaussian_filter, label, uniform_filter

from recon.arrays import FloatArray, Mask
from recon.errors import InvalidRequest
from recon.probes.lesion import disc
from recon.quality.survival import Lesion

#: Images and half-widths (slices, y, x) of a stack of slices; None where the method knows no interval.
Denoiser = Callable[[FloatArray], tuple[FloatArray, FloatArray | None]]
#: Half the side of the pictures that are cut out, pixels.
HALF_PX = 14
_APART_PX = 28
_BODY_HU = 50.0
#: Noise of a quarter of the dose over that which was added to the full dose: 2 / sqrt(4 - 1).
_QUARTER = 2 / np.sqrt(3)


@dataclass(frozen=True)
class Pair:
    """One slice at a quarter of the dose and at the full dose, (y, x) HU."""

    name: str
    low: FloatArray
    full: FloatArray
    spacing_mm: float


@dataclass(frozen=True)
class Background:
    """What lesions are put into.

    Attributes
    ----------
    name
        ``anatomy`` or ``phantom``.
    base
        (y, x) HU without added noise.
    suitable
        (y, x) where a lesion may be.
    added
        What the pair's difference is multiplied by, to make a quarter of the dose.
    """

    name: str
    base: FloatArray
    suitable: Mask
    added: float


def anatomy(pair: Pair) -> Background:
    """Soft tissue of the full-dose slice without much structure."""
    smooth = gaussian_filter(pair.full, 3.0)
    mean = uniform_filter(smooth, 25)
    clutter = np.sqrt(np.maximum(uniform_filter(smooth**2, 25) - mean**2, 0))
    calm = binary_erosion(body(pair.full), iterations=HALF_PX + 3) & (np.abs(mean - 55) < 60) & (clutter < 20)
    return Background("anatomy", pair.full, calm, 1.0)


def phantom(pair: Pair) -> Background:
    """A body of the patient's outline and one value."""
    inside = body(pair.full)
    base = gaussian_filter(np.where(inside, _BODY_HU, -1000.0), 0.65).astype(np.float32)
    return Background("phantom", base, binary_erosion(inside, iterations=HALF_PX + 8), float(_QUARTER))


def body(full: FloatArray) -> Mask:
    """The patient, without table and air."""
    parts, _ = label(binary_opening(gaussian_filter(full, 2) > -300, iterations=3))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(binary_fill_holes(parts == sizes.argmax()))


def noise_of(pair: Pair, number: int, rng: np.random.Generator) -> FloatArray:
    """A realisation (y, x) of the noise that the low dose added; the first is the real one."""
    noise = pair.low - pair.full
    if number == 0:
        return noise
    strength = np.sqrt(gaussian_filter(noise * noise, 12)) + 0.5
    white = noise / strength
    white = white[:, ::-1] if rng.random() < 0.5 else white
    white = -white if rng.random() < 0.5 else white
    moved = np.roll(white, tuple(rng.integers(-16, 17, 2)), (0, 1))
    return np.asarray(moved * strength, np.float32)


def places_in(suitable: Mask, apart_px: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows and columns (n, 2) of places in a mask, drawn so that none lies near another."""
    left = rng.permutation(np.argwhere(suitable))
    taken: list[npt.NDArray[np.int64]] = []
    while len(left) and len(taken) < most:
        taken.append(left[0])
        left = left[np.abs(left - left[0]).max(axis=1) >= apart_px]
    return np.array(taken).reshape(-1, 2)


@dataclass(frozen=True)
class LesionTrial:
    """Pictures (n, side, side) of places with and without a lesion.

    Attributes
    ----------
    present, absent
        By method; ``full dose`` and ``low dose`` are among them.
    widths
        Half-width of the interval with and without the lesion, by method that knows one.
    signal, truth
        What was added, and what lies below it without noise.
    lesion, group
        (n,) which lesion, and which scan and realisation.
    """

    present: dict[str, FloatArray]
    absent: dict[str, FloatArray]
    widths: dict[str, tuple[FloatArray, FloatArray]]
    signal: FloatArray
    truth: FloatArray
    lesion: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]


def lesion_trial(
    pair: Pair,
    background: Background,
    denoisers: dict[str, Denoiser],
    lesions: Sequence[Lesion],
    *,
    realisations: int,
    blur_mm: float,
    seed: int,
    first_group: int = 0,
) -> LesionTrial:
    """Put lesions into realisations of noise, denoise with them and without, and cut out pictures."""
    rng = np.random.default_rng(seed)
    low, full, grids, kinds, spots = [], [], [], [], []
    for number in range(realisations):
        noise = noise_of(pair, number, rng) * background.added
        places = places_in(background.suitable, _APART_PX, 26, rng)
        grid = np.zeros_like(background.base)
        for index, (row, column) in enumerate(places):
            lesion = lesions[(index + number) % len(lesions)]
            shown = disc(lesion.size_mm, (pair.spacing_mm, pair.spacing_mm), blur_mm, HALF_PX - 1)
            grid[row - HALF_PX + 1 : row + HALF_PX, column - HALF_PX + 1 : column + HALF_PX] += lesion.contrast * shown
            kinds.append((index + number) % len(lesions))
            spots.append((number, row, column))
        low.append(background.base + noise)
        full.append(background.base + (noise / 2 if background.name == "phantom" else 0))
        grids.append(grid)
    stack, signals = np.round(np.stack(low)).astype(np.float32), np.stack(grids).astype(np.float32)
    arms = {"full dose": (np.stack(full) + signals, np.stack(full)), "low dose": (np.round(stack + signals), stack)}
    widths = {}
    for name, denoise in denoisers.items():
        (with_, wide), (without, plain) = denoise(arms["low dose"][0]), denoise(stack)
        arms[name] = with_, without
        if wide is not None and plain is not None:
            widths[name] = _cut(wide, spots), _cut(plain, spots)
    base = np.broadcast_to(background.base, stack.shape)
    return LesionTrial(
        {name: _cut(images[0], spots) for name, images in arms.items()},
        {name: _cut(images[1], spots) for name, images in arms.items()},
        widths,
        _cut(signals, spots),
        _cut(base, spots),
        np.array(kinds, np.int64),
        np.array([first_group + spot[0] for spot in spots], np.int64),
    )


def lesion_trials(
    pairs: Sequence[Pair],
    background_of: Callable[[Pair], Background],
    denoisers: dict[str, Denoiser],
    lesions: Sequence[Lesion],
    *,
    realisations: int,
    blur_mm: float,
    seed: int,
) -> LesionTrial:
    """:func:`lesion_trial` with each of several scans, as one.

    Raises
    ------
    InvalidRequest
        When none of them has a place for a lesion.
    """
    backgrounds = [background_of(pair) for pair in pairs]
    if not any(background.suitable.any() for background in backgrounds):
        raise InvalidRequest(
            f"no place for a lesion ({backgrounds[0].name}) in {', '.join(pair.name for pair in pairs)}: they go into "
            f"calm soft tissue, {HALF_PX} pixels and more inside of the body; name scans with such slices"
        )
    return joined(
        [
            lesion_trial(
                pair,
                background,
                denoisers,
                lesions,
                realisations=realisations,
                blur_mm=blur_mm,
                seed=seed + number,
                first_group=number * realisations,
            )
            for number, (pair, background) in enumerate(zip(pairs, backgrounds, strict=True))
        ]
    )


def joined(trials: Sequence[LesionTrial]) -> LesionTrial:
    """Trials of several scans as one."""

    def all_of(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    return LesionTrial(
        all_of([t.present for t in trials]),
        all_of([t.absent for t in trials]),
        {
            name: (
                np.concatenate([t.widths[name][0] for t in trials]),
                np.concatenate([t.widths[name][1] for t in trials]),
            )
            for name in trials[0].widths
        },
        np.concatenate([t.signal for t in trials]),
        np.concatenate([t.truth for t in trials]),
        np.concatenate([t.lesion for t in trials]),
        np.concatenate([t.group for t in trials]),
    )


def _cut(images: FloatArray, spots: Sequence[tuple[int, int, int]]) -> FloatArray:
    half, side = HALF_PX, 2 * HALF_PX - 1
    found = [images[n, r - half + 1 : r + half, c - half + 1 : c + half] for n, r, c in spots]
    return np.array(found, np.float32).reshape(-1, side, side)  # a slice without places has none
