"""All measures of a synthesised full dose on pairs of scans, each method beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recon.arrays import FloatArray
from recon.errors import InvalidRequest
from recon.preservation import limits
from recon.preservation.bootstrap import interval
from recon.preservation.limits import bounds, covered, judged, rounded, told, uncovered
from recon.preservation.uptake import (
    AS_IT_CAME,
    FULL,
    BallTrial,
    EnhancingPair,
    Millimetres,
    Synthesis,
    ball,
    ball_trial,
    distance,
    joined,
    places_of,
    reach_of,
)
from recon.quality.survival import Lesion

LESIONS = tuple(Lesion(size, percent, "%") for size in (3, 5, 10) for percent in (10, 20, 50))
#: What is asked of the smallest and the faintest that must survive.
_LEAST_MM, _LEAST_PERCENT = 5, 20
_FALSE_POSITIVES = 0.05
_ROUND_MM = 3.0  # about a ball, from which what is around it is taken
_BLOOM_MM = 2.0  # about a ball, within which what is above half of its maximum is its volume
_CONTROL_MM, _CONTROL_SPREAD = 5, 0.12
_FEWEST_PLACES = 20


def measure_all(
    pairs: Sequence[EnhancingPair],
    methods: dict[str, Synthesis],
    *,
    lesions: Sequence[Lesion] = LESIONS,
    realisations: int,
    noise: float,
    dose_fraction: float,
    seed: int,
) -> dict[str, Any]:
    """Every measure of every method.

    Parameters
    ----------
    pairs
        Heads whose enhancement is known.
    methods
        By name.
    lesions
        Balls, their contrast in percent of the 99th percentile of the head before contrast.
    realisations
        Of the noise of each pair.
    noise
        Of both scans over that percentile.
    dose_fraction
        Of the second scan.
    seed
        Of places and noise.

    Returns
    -------
    dict
        ``valid``, ``control``, ``places`` and ``methods``, each with its measures.

    Raises
    ------
    InvalidRequest
        When no head has a place for a ball.
    """
    if not any(len(places_of(pair, np.random.default_rng(seed))) for pair in pairs):
        raise InvalidRequest(
            f"no place for a ball in {', '.join(pair.name for pair in pairs)}: they go into what does not enhance, "
            "7 mm below its surface and 8 mm from the outermost slices; take more slices, or name other heads"
        )
    trial = joined(
        [
            ball_trial(
                pair,
                methods,
                lesions,
                realisations=realisations,
                noise=noise,
                dose_fraction=dose_fraction,
                seed=seed,
                first_group=number * realisations,
            )
            for number, pair in enumerate(pairs)
        ]
    )
    spacing = pairs[0].spacing_mm
    value, low, high = _control(trial, spacing)
    near = _CONTROL_SPREAD * dose_fraction
    return {
        "valid": bool(low - near < dose_fraction < high + near),
        "control": {
            "words": "detectability in the difference as it came over that at full dose, noise alone; "
            f"{dose_fraction:g} by theory",
            "value": rounded(value),
            "interval": bounds(low, high, 4),
        },
        "places": len(trial.lesion),
        "methods": {
            name: {
                **_kept(trial, name, lesions, spacing),
                **_found(trial, name, lesions, spacing),
                **_volume(trial, name, lesions, spacing),
                **_covered(trial, name, lesions, spacing),
            }
            for name in (*methods, AS_IT_CAME, FULL)
        },
    }


def _middle(pictures: FloatArray, spacing: Millimetres) -> FloatArray:
    """The slices (n, y, x) through the middles of the balls."""
    return pictures[:, reach_of(spacing)[0]]


def _asked(lesion: Lesion) -> bool:
    return lesion.size_mm >= _LEAST_MM and lesion.contrast >= _LEAST_PERCENT


def _kept(trial: BallTrial, name: str, lesions: Sequence[Lesion], spacing: Millimetres) -> dict[str, Any]:
    signal = _middle(trial.signal, spacing)
    response = _middle(trial.present[name] - trial.absent[name], spacing)
    share = (response * signal).sum((1, 2)) / np.square(signal).sum((1, 2))
    rows = {}
    for index, lesion in enumerate(lesions):
        here = trial.lesion == index
        value, p10, p90 = _percentiles(share[here])
        low, high = interval(share[here], trial.group[here])
        more = {"p10": rounded(p10, 3), "p90": rounded(p90, 3), "interval": bounds(low, high)}
        words = f"contrast kept of a {lesion}, median of the slices through its middle"
        entry = judged(value, limits.KEPT, words, **more) if _asked(lesion) else told(value, words, **more)
        rows[f"kept, {lesion}"] = {**entry, "places": int(here.sum())}
    return rows


def _percentiles(values: FloatArray) -> tuple[float, float, float]:
    if not len(values):
        return (float("nan"),) * 3
    median, p10, p90 = (float(value) for value in np.percentile(values, (50, 10, 90)))
    return median, p10, p90


def _scores(pictures: FloatArray, lesion: Lesion, spacing: Millimetres) -> FloatArray:
    """Contrast of each place over a ball's, above what is around it: a filter of the ball's own shape."""
    near = distance(spacing) < lesion.size_mm / 2 + _ROUND_MM
    shape = ball(lesion.size_mm, spacing)
    template = np.where(near, shape - shape[near].mean(), 0)
    return np.asarray((pictures * template).sum((1, 2, 3)) / (np.square(template).sum() * lesion.contrast / 100))


def _found(trial: BallTrial, name: str, lesions: Sequence[Lesion], spacing: Millimetres) -> dict[str, Any]:
    rows = {}
    for index, lesion in enumerate(lesions):
        here = trial.lesion == index
        threshold = np.quantile(_scores(trial.absent[name], lesion, spacing), 1 - _FALSE_POSITIVES)
        hits = (_scores(trial.present[name][here], lesion, spacing) > threshold).astype(np.float64)
        value = float(hits.mean()) if len(hits) else float("nan")
        low, high = interval(hits, trial.group[here], lambda drawn: float(drawn.mean()))
        words = f"share found of a {lesion}, where {100 * _FALSE_POSITIVES:g} % of places without are taken for one"
        rows[f"found, {lesion}"] = told(value, words, interval=bounds(low, high))
    return rows


def _volume(trial: BallTrial, name: str, lesions: Sequence[Lesion], spacing: Millimetres) -> dict[str, Any]:
    """Of the balls that are asked for: fainter ones have no half maximum above the noise."""
    rows = {}
    for index, lesion in enumerate(lesions):
        here = trial.lesion == index
        if not _asked(lesion):
            continue
        near = distance(spacing) < lesion.size_mm / 2 + _BLOOM_MM
        half = 0.5 * lesion.contrast / 100
        volumes = (near & (trial.present[name][here] > half)).sum((1, 2, 3)) / np.maximum(
            (near & (trial.truth[here] + trial.signal[here] > half)).sum((1, 2, 3)), 1
        )
        low, high = interval(volumes, trial.group[here])
        words = "volume above half of the maximum over the true one, median"
        rows[f"volume, {lesion}"] = told(_percentiles(volumes)[0], words, interval=bounds(low, high))
    return rows


def _covered(trial: BallTrial, name: str, lesions: Sequence[Lesion], spacing: Millimetres) -> dict[str, Any]:
    if name not in trial.widths:
        return {}
    wide, plain = (_middle(width, spacing) for width in trial.widths[name])
    signal, truth, scanned = (_middle(part, spacing) for part in (trial.signal, trial.truth, trial.scanned))
    core = signal > 0.5 * signal.max(axis=(1, 2), keepdims=True)
    with_ = np.abs(_middle(trial.present[name], spacing) + scanned - truth - signal) <= wide
    without = np.abs(_middle(trial.absent[name], spacing) + scanned - truth) <= plain
    known = np.isfinite(np.where(core, wide + plain, 0)).all(axis=(1, 2))
    rows = {}
    for index, lesion in enumerate(lesions):
        here = known & (trial.lesion == index)
        if not here.any():
            rows[f"interval, {lesion}"] = uncovered(str(lesion))
            continue
        counts = core[here].sum((1, 2))
        shares = np.stack([((flag & core)[here]).sum((1, 2)) / counts for flag in (with_, without)], axis=1)
        inside, same = (float(value) for value in shares.mean(0))
        low, high = interval(shares[:, 0], trial.group[here], lambda drawn: float(drawn.mean()))
        half_width = float(wide[here][core[here]].mean())
        rows[f"interval, {lesion}"] = covered(
            inside,
            same,
            half_width < lesion.contrast / 100,
            str(lesion),
            round(half_width, 4),
            interval=bounds(low, high),
        )
    return rows


def _control(trial: BallTrial, spacing: Millimetres) -> tuple[float, float, float]:
    """Detectability in noise alone, as it came over full dose; NaN where there are too few places."""
    if len(trial.lesion) < _FEWEST_PLACES:
        return (float("nan"),) * 3
    lesion = Lesion(_CONTROL_MM, 100, "%")
    noise = np.stack(
        [_scores(trial.absent[name] - trial.truth, lesion, spacing) for name in (AS_IT_CAME, FULL)], axis=1
    )

    def ratio(drawn: FloatArray) -> float:
        as_it_came, full = drawn.std(axis=0)
        return float(full / as_it_came)

    return ratio(noise), *interval(noise, np.arange(len(noise)), ratio)
