"""All measures of low-dose CT on pairs of scans, each method beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from recon.arrays import FloatArray
from recon.preservation import limits
from recon.preservation.edges import ttf50_ratios
from recon.preservation.limits import bounds, covered, judged, rounded, uncovered
from recon.preservation.noise_texture import agreement, average_frequency
from recon.preservation.observer import Scores, observe, ratio
from recon.preservation.trial import (
    Denoiser,
    LesionTrial,
    Pair,
    anatomy,
    body,
    lesion_trials,
    phantom,
    places_in,
)
from recon.preservation.vessels import vessel_bias
from recon.quality.survival import Lesion

LESIONS = (Lesion(4, 20, "HU"), Lesion(6, 20, "HU"), Lesion(6, 10, "HU"), Lesion(3, 100, "HU"))
#: By theory, of a quarter of the dose over the full dose.
HALF, _CONTROL_SPREAD = 0.5, 0.12
_FOUND = 0.9
#: Of a lesion; from fewer an observer learns no template.
_FEWEST_PLACES = 24
_TISSUES_HU = {"fat": (-130.0, -70.0), "muscle": (30.0, 85.0), "liver": (90.0, 140.0), "bone": (250.0, 2000.0)}
_PATCH_PX = 24
_UNDETECTED = "too few places, or every lesion is found in the low dose"


def measure_all(
    pairs: Sequence[Pair], denoisers: dict[str, Denoiser], *, realisations: int, blur_mm: float, seed: int
) -> dict[str, Any]:
    """Every measure of every method.

    Parameters
    ----------
    pairs
        Slices at low and full dose.
    denoisers
        Methods by name.
    realisations
        Of the noise of each pair.
    blur_mm
        Point spread of what is put in.
    seed
        Of places and noise.

    Returns
    -------
    dict
        ``valid``, ``control`` and ``methods``, each with its measures.
    """
    trials = {
        make.__name__: lesion_trials(
            pairs, make, denoisers, LESIONS, realisations=realisations, blur_mm=blur_mm, seed=seed
        )
        for make in (anatomy, phantom)
    }
    spacing = pairs[0].spacing_mm
    scores = {name: _scores(trial, spacing) for name, trial in trials.items()}
    value, low, high = _control(scores["phantom"])
    sharp = ttf50_ratios(pairs, [phantom(pair) for pair in pairs], denoisers, blur_mm=blur_mm, seed=seed)
    reference = _reference(scores["anatomy"])
    vessels = vessel_bias(pairs, denoisers, realisations=max(1, realisations // 2), blur_mm=blur_mm, seed=seed)
    rows = {}
    for name, denoise in denoisers.items():
        images = [denoise(pair.low[None])[0][0] for pair in pairs]
        rows[name] = {
            **_sharpness(sharp[name]),
            **_kept(trials, name, reference),
            **_detected(scores, name),
            **_coarser(trials["phantom"], name, spacing),
            **_bias(pairs, images),
            **vessels[name],
            **_texture(pairs, images, seed),
            **_covered(trials["anatomy"], name),
        }
    return {
        "valid": bool(low - _CONTROL_SPREAD < HALF < high + _CONTROL_SPREAD),
        "control": {
            "words": "detectability in the phantom at a quarter of the dose over the full dose; 0.50 by theory",
            "value": rounded(value, 3),
            "interval": bounds(low, high),
        },
        "found_at_full_dose": {
            str(lesion): rounded(scores["anatomy"]["full dose"][index].auc, 3) for index, lesion in enumerate(LESIONS)
        },
        "smallest_found": None if reference is None else str(LESIONS[reference]),
        "places": {name: len(trial.lesion) for name, trial in trials.items()},
        "methods": rows,
    }


def _scores(trial: LesionTrial, spacing_mm: float) -> dict[str, list[Scores]]:
    """Of each method, the observer's for each lesion."""
    return {
        name: [
            observe(
                trial.present[name][trial.lesion == index],
                trial.absent[name][trial.lesion == index],
                trial.group[trial.lesion == index],
                max(6.0, 1.6 * lesion.size_mm / spacing_mm),
            )
            for index, lesion in enumerate(LESIONS)
        ]
        for name in trial.present
    }


def _control(scores: dict[str, list[Scores]]) -> tuple[float, float, float]:
    """Of the faintest lesion, which no observer finds always; NaN where there are too few places."""
    faint = min(range(len(LESIONS)), key=lambda index: LESIONS[index].contrast * LESIONS[index].size_mm)
    if len(scores["low dose"][faint].present) < _FEWEST_PLACES:
        return (float("nan"),) * 3
    return ratio(scores["low dose"][faint], scores["full dose"][faint])


def _reference(scores: dict[str, list[Scores]]) -> int | None:
    """The smallest, then faintest, lesion that is found at full dose."""
    found = [index for index in range(len(LESIONS)) if scores["full dose"][index].auc >= _FOUND]
    return min(found, key=lambda index: (LESIONS[index].contrast, LESIONS[index].size_mm)) if found else None


def _sharpness(by_contrast: dict[float, float]) -> dict[str, Any]:
    words = "TTF50 over the input's"
    return {
        f"sharpness at {contrast:g} HU": judged(value, limits.SHARPNESS, words)
        for contrast, value in by_contrast.items()
    }


def _kept(trials: dict[str, LesionTrial], name: str, reference: int | None) -> dict[str, Any]:
    trial = trials["anatomy"]
    response, signal = trial.present[name] - trial.absent[name], trial.signal
    share = (response * signal).sum((1, 2)) / np.square(signal).sum((1, 2))
    rows = {}
    for index, lesion in enumerate(LESIONS):
        values = share[trial.lesion == index]
        value = float(np.median(values)) if len(values) else float("nan")
        p10, p90 = np.percentile(values, (10, 90)) if len(values) else (float("nan"),) * 2
        words = f"contrast kept of a {lesion}" + (", the smallest found at full dose" if index == reference else "")
        rows[f"kept, {lesion}"] = judged(value, limits.KEPT, words, p10=rounded(p10, 3), p90=rounded(p90, 3))
    return rows


def _detected(scores: dict[str, dict[str, list[Scores]]], name: str) -> dict[str, Any]:
    rows = {}
    for background, by_method in scores.items():
        found = [
            ratio(ours, low)
            for ours, low in zip(by_method[name], by_method["low dose"], strict=True)
            if low.auc < 0.995 and len(low.present) >= _FEWEST_PLACES
        ]
        if not found:
            rows[f"detected, {background}"] = judged(float("nan"), limits.DETECTED[background], _UNDETECTED)
            continue
        value, low, high = (float(np.mean([row[part] for row in found])) for part in range(3))
        words = "detectability over that of the low dose as it came, mean over lesions: lower end of the 95 % interval"
        rows[f"detected, {background}"] = judged(
            low, limits.DETECTED[background], words, ratio=round(value, 3), upper=round(high, 3)
        )
    return rows


def _coarser(trial: LesionTrial, name: str, spacing_mm: float) -> dict[str, Any]:
    ours, full = (average_frequency(trial.absent[arm] - trial.truth, spacing_mm) for arm in (name, "full dose"))
    shift = ours - full
    words = "by how much the average frequency of the noise differs from the full dose's"
    return {"noise frequency": judged(abs(shift), limits.COARSER, words, unit="lp/cm", signed=rounded(shift, 3))}


def _bias(pairs: Sequence[Pair], images: Sequence[FloatArray]) -> dict[str, Any]:
    rows = {}
    for tissue, (low, high) in _TISSUES_HU.items():
        found = []
        for pair, image in zip(pairs, images, strict=True):
            smooth = gaussian_filter(pair.full, 1.5)
            inside = binary_erosion((smooth > low) & (smooth < high) & body(pair.full), iterations=2)
            found.append((image - pair.full)[inside])
        values = np.concatenate(found)
        bias = float(values.mean()) if len(values) > 200 else float("nan")
        words = "mean difference to the full dose"
        rows[f"bias, {tissue}"] = judged(abs(bias), limits.BIAS, words, unit="HU", signed=rounded(bias, 2))
    return rows


def _texture(pairs: Sequence[Pair], images: Sequence[FloatArray], seed: int) -> dict[str, Any]:
    ours, theirs, half = [], [], _PATCH_PX // 2
    for number, (pair, image) in enumerate(zip(pairs, images, strict=True)):
        rng = np.random.default_rng(seed + number)
        for row, column in places_in(anatomy(pair).suitable, _PATCH_PX, 100, rng):
            box = np.s_[row - half : row + half, column - half : column + half]
            ours.append(image[box])
            theirs.append(pair.full[box])
    if len(ours) < 8:
        return {"texture": judged(float("nan"), limits.TEXTURE, "too little calm tissue")}
    found = agreement(np.stack(ours), np.stack(theirs))
    worst = min(found, key=lambda name: found[name])
    each = {name: rounded(value, 3) for name, value in found.items()}
    words = f"concordance with the full dose of the worst feature ({worst})"
    return {"texture": judged(found[worst], limits.TEXTURE, words, each=each, patches=len(ours))}


def _covered(trial: LesionTrial, name: str) -> dict[str, Any]:
    if name not in trial.widths:
        return {}
    wide, plain = trial.widths[name]
    core = trial.signal > 0.5 * trial.signal.max(axis=(1, 2), keepdims=True)
    with_ = np.abs(trial.present[name] - trial.truth - trial.signal) <= wide
    without = np.abs(trial.absent[name] - trial.truth) <= plain
    known = np.isfinite(wide + plain)
    rows = {}
    for index, lesion in enumerate(LESIONS):
        here = core & known & (trial.lesion == index)[:, None, None]
        if not here.any():
            rows[f"interval, {lesion}"] = uncovered(str(lesion))
            continue
        inside, same = float(with_[here].mean()), float(without[here].mean())
        half_width = float(wide[here].mean())
        says = half_width < lesion.contrast
        rows[f"interval, {lesion}"] = covered(inside, same, says, str(lesion), round(half_width, 1))
    return rows
