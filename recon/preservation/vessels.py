"""HU inside small vessels full of contrast agent, which a plaque or a stent is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recon.arrays import Mask
from recon.preservation import limits
from recon.preservation.bootstrap import interval
from recon.preservation.limits import bounds, judged, rounded
from recon.preservation.trial import HALF_PX, Denoiser, LesionTrial, Pair, anatomy, lesion_trials
from recon.quality.survival import Lesion

#: Cut across; with what is around them about 250 HU inside, before the point spread.
VESSELS = tuple(Lesion(diameter, 200, "HU") for diameter in (1, 2, 3))


def vessel_bias(
    pairs: Sequence[Pair], denoisers: dict[str, Denoiser], *, realisations: int, blur_mm: float, seed: int
) -> dict[str, dict[str, Any]]:
    """Mean difference to the full dose inside of vessels in soft tissue, by method and diameter.

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
    """
    trial = lesion_trials(pairs, anatomy, denoisers, VESSELS, realisations=realisations, blur_mm=blur_mm, seed=seed)
    spacing_mm = pairs[0].spacing_mm
    return {name: _rows(trial, name, spacing_mm) for name in denoisers}


def _rows(trial: LesionTrial, name: str, spacing_mm: float) -> dict[str, Any]:
    error = trial.present[name] - trial.truth - trial.signal
    rows = {}
    for index, vessel in enumerate(VESSELS):
        here = trial.lesion == index
        inside = error[here][:, _lumen(vessel.size_mm, spacing_mm)].mean(1)
        bias = float(inside.mean()) if len(inside) else float("nan")
        low, high = interval(inside, trial.group[here], lambda drawn: float(drawn.mean()))
        words = f"mean difference to the full dose inside of vessels, {vessel.contrast:g} HU above soft tissue"
        rows[f"bias, vessel of {vessel.size_mm:g} mm"] = judged(
            abs(bias), limits.BIAS, words, unit="HU", signed=rounded(bias, 2), interval=bounds(low, high, 2)
        )
    return rows


def _lumen(diameter_mm: float, spacing_mm: float) -> Mask:
    """Pixels (y, x) whose middle lies inside: of the smallest vessel one."""
    away = np.arange(-HALF_PX + 1, HALF_PX) * spacing_mm
    return np.asarray(away[:, None] ** 2 + away**2 <= diameter_mm**2 / 4)
