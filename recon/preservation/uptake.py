"""Balls that enhance, scanned with a head and without: what the measures of contrast look at.

Both scans of a pair are simulated from what is known, anatomy and full-dose enhancement. Every place is there twice,
with a ball and without, in the same noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter

from recon.arrays import FloatArray, Mask
from recon.physics.rician import add_rician_noise
from recon.quality.survival import Lesion

#: Full-dose images and half-widths (slices, y, x) of the scans before and after part of the dose; None where the
#: method knows no interval.
Synthesis = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray | None]]
Millimetres = tuple[float, float, float]
FULL, AS_IT_CAME = "full dose", "difference as it came"
#: Half the side of the pictures that are cut out.
_REACH_MM = 8.0
_APART_MM, _SURFACE_MM, _MOST = 14.0, 7.0, 200
#: Enhancement that a place with a ball must not have near it.
_ENHANCING, _NEAR = 0.08, 0.02


@dataclass(frozen=True)
class EnhancingPair:
    """A head and what a full dose adds to it, (slice, y, x) without noise, 99th percentile of the head 1.

    Attributes
    ----------
    inside
        The brain, or the head.
    spacing_mm
        Between slices, rows and columns.
    """

    name: str
    pre: FloatArray
    enhancement: FloatArray
    inside: Mask
    spacing_mm: Millimetres


@dataclass(frozen=True)
class BallTrial:
    """Pictures (n, slices, y, x) of places with and without a ball.

    Attributes
    ----------
    present, absent
        Image less the scan before contrast, by method; :data:`FULL` and :data:`AS_IT_CAME` are among them.
    widths
        Half-width of the interval with and without the ball, by method that knows one.
    signal, truth
        What the ball adds at full dose, and what enhances below it.
    scanned
        Scan before contrast less what it would be without noise.
    lesion, group
        (n,) which ball, and which scan and realisation.
    """

    present: dict[str, FloatArray]
    absent: dict[str, FloatArray]
    widths: dict[str, tuple[FloatArray, FloatArray]]
    signal: FloatArray
    truth: FloatArray
    scanned: FloatArray
    lesion: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scans:
    """A pair as it would be measured, and a third scan after the full dose, each in noise of its own."""

    pre: FloatArray
    low: FloatArray
    full: FloatArray


def scans_of(pair: EnhancingPair, added: FloatArray | float, noise: float, dose_fraction: float, seed: int) -> Scans:
    """Scan a head whose enhancement has something added; the same seed makes the same noise."""
    enhancement = pair.enhancement + np.float32(added)

    def scan(image: FloatArray, number: int) -> FloatArray:
        measured = add_rician_noise(image, noise, np.random.default_rng((seed, number)))
        return np.where(pair.pre > 0, measured, 0).astype(np.float32)

    low = pair.pre + np.float32(dose_fraction) * enhancement
    return Scans(scan(pair.pre, 0), scan(low, 1), scan(pair.pre + enhancement, 2))


@lru_cache(maxsize=64)
def ball(size_mm: float, spacing_mm: Millimetres) -> FloatArray:
    """A ball of height 1 in the middle of a picture, its edge as wide as a pixel; not to be written to."""
    edge = max(spacing_mm[1:])
    found = np.clip((size_mm / 2 - distance(spacing_mm)) / edge + 0.5, 0, 1).astype(np.float32)
    found.flags.writeable = False
    return found


def distance(spacing_mm: Millimetres) -> FloatArray:
    """Millimetres of each voxel of a picture from its middle."""
    z, y, x = (
        np.arange(-reach, reach + 1) * step for reach, step in zip(reach_of(spacing_mm), spacing_mm, strict=True)
    )
    return np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)


def reach_of(spacing_mm: Millimetres) -> tuple[int, int, int]:
    """Voxels of a picture on either side of its middle."""
    z, y, x = (int(np.ceil(_REACH_MM / step)) for step in spacing_mm)
    return z, y, x


def places_of(pair: EnhancingPair, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Voxels (n, 3) away from the surface and from what enhances, drawn so that none lies near another."""
    deep = distance_transform_edt(pair.inside, sampling=pair.spacing_mm) > _SURFACE_MM
    near = gaussian_filter((pair.enhancement > _ENHANCING).astype(np.float32), [2.0 / s for s in pair.spacing_mm])
    suitable = deep & (near < _NEAR)
    middle = np.zeros_like(suitable)
    middle[tuple(slice(reach, -reach) for reach in reach_of(pair.spacing_mm))] = True
    left = rng.permutation(np.argwhere(suitable & middle))
    taken: list[npt.NDArray[np.int64]] = []
    while len(left) and len(taken) < _MOST:
        taken.append(left[0])
        away = np.abs(left - left[0]) * np.array(pair.spacing_mm)
        left = left[away.max(axis=1) >= _APART_MM]
    return np.array(taken).reshape(-1, 3)


def ball_trial(
    pair: EnhancingPair,
    methods: dict[str, Synthesis],
    lesions: Sequence[Lesion],
    *,
    realisations: int,
    noise: float,
    dose_fraction: float,
    seed: int,
    first_group: int = 0,
) -> BallTrial:
    """Scan a head with balls and without, ask every method, and cut out pictures."""
    parts = []
    for number in range(realisations):
        own = seed + 1000 * (first_group + number)
        places = places_of(pair, np.random.default_rng(own))
        kinds = (np.arange(len(places)) + number) % len(lesions)
        added = np.zeros_like(pair.pre)
        for place, kind in zip(places, kinds, strict=True):
            lesion = lesions[kind]
            added[_box(place, pair)] += np.float32(lesion.contrast / 100) * ball(lesion.size_mm, pair.spacing_mm)
        with_, without = (scans_of(pair, change, noise, dose_fraction, own) for change in (added, 0.0))

        def cut(volume: FloatArray, places: npt.NDArray[np.int64] = places) -> FloatArray:
            shape = tuple(2 * reach + 1 for reach in reach_of(pair.spacing_mm))
            return np.array([volume[_box(place, pair)] for place in places], np.float32).reshape(-1, *shape)

        arms = {}
        widths = {}
        for name, synthesis in methods.items():
            (image, wide), (plain, narrow) = (synthesis(scans.pre, scans.low) for scans in (with_, without))
            arms[name] = cut(image - with_.pre), cut(plain - without.pre)
            if wide is not None and narrow is not None:
                widths[name] = cut(wide), cut(narrow)
        share = np.float32(1 / dose_fraction)
        arms[AS_IT_CAME] = cut(share * (with_.low - with_.pre)), cut(share * (without.low - without.pre))
        arms[FULL] = cut(with_.full - with_.pre), cut(without.full - without.pre)
        parts.append(
            BallTrial(
                {name: images[0] for name, images in arms.items()},
                {name: images[1] for name, images in arms.items()},
                widths,
                cut(added),
                cut(pair.enhancement),
                cut(with_.pre - pair.pre),
                kinds,
                np.full(len(places), first_group + number),
            )
        )
    return joined(parts)


def joined(trials: Sequence[BallTrial]) -> BallTrial:
    """Trials of several realisations or scans as one."""

    def one(name: str) -> object:
        values = [getattr(trial, name) for trial in trials]
        if isinstance(values[0], np.ndarray):
            return np.concatenate(values)
        if name == "widths":
            return {m: tuple(np.concatenate([v[m][i] for v in values]) for i in (0, 1)) for m in values[0]}
        return {method: np.concatenate([value[method] for value in values]) for method in values[0]}

    return BallTrial(**{field.name: one(field.name) for field in fields(BallTrial)})  # type: ignore[arg-type]


def _box(place: npt.NDArray[np.int64], pair: EnhancingPair) -> tuple[slice, ...]:
    reaches = reach_of(pair.spacing_mm)
    return tuple(slice(at - reach, at + reach + 1) for at, reach in zip(place, reaches, strict=True))
