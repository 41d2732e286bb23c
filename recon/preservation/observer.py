"""Is a lesion found? A channelised Hotelling observer with Laguerre-Gauss channels.

Gallas and Barrett, J Opt Soc Am A 20:1725 (2003). The template is learned on other groups (scans, realisations of
noise) than those that it is tried on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import eval_laguerre
from scipy.stats import norm, rankdata

from recon.arrays import FloatArray, IntegerArray

_FOLDS = 5


@dataclass(frozen=True)
class Scores:
    """What the observer says of pictures with a lesion and without.

    Attributes
    ----------
    present, absent
        (n,) each; larger means more like a lesion.
    groups
        (n,) of both: what was drawn together is drawn again together.
    """

    present: FloatArray
    absent: FloatArray
    groups: IntegerArray

    @property
    def auc(self) -> float:
        """Share of pairs that are told apart rightly; NaN of none."""
        return _auc(self.present, self.absent)

    @property
    def d_a(self) -> float:
        """Detectability in standard deviations, from the AUC: robust where scores are not Gaussian."""
        return d_of(self.auc)


def laguerre_gauss(side: int, width: float, channels: int = 6) -> FloatArray:
    """Channels (channels, side * side) of unit norm, centred.

    Parameters
    ----------
    side
        Pixels of the picture.
    width
        Of the Gaussian, ``exp(-pi r² / width²)``, pixels.
    channels
        How many.
    """
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    square = x * x + y * y
    found = np.exp(-np.pi * square / width**2) * np.array(
        [eval_laguerre(order, 2 * np.pi * square / width**2) for order in range(channels)]
    )
    flat = found.reshape(channels, -1)
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True))


def observe(present: FloatArray, absent: FloatArray, groups: IntegerArray, width: float, seed: int = 0) -> Scores:
    """Try the observer on pictures (n, y, x) at the same places with and without a lesion.

    Parameters
    ----------
    present, absent
        Row by row the same place and noise.
    groups
        (n,) which belong together.
    width
        Of the channels, pixels.
    seed
        Of the folds.
    """
    channels = laguerre_gauss(present.shape[1], width)
    seen, empty = (_flat(pictures) @ channels.T for pictures in (present, absent))
    if len(seen) < 2:  # nothing to learn a spread from
        return Scores(np.full(len(seen), np.nan), np.full(len(seen), np.nan), groups)
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    fold = np.searchsorted(np.sort(names), groups)
    fold = np.argsort(np.argsort(names))[fold] % min(_FOLDS, max(2, len(names)))
    found = Scores(np.zeros(len(seen)), np.zeros(len(seen)), groups)
    for number in np.unique(fold):
        here, others = fold == number, fold != number
        if others.sum() < 2 * len(channels):  # too few to learn from: a template without correlations
            others = np.ones_like(others)
        spread = 0.5 * (np.cov(seen[others].T) + np.cov(empty[others].T))
        ridge = 1e-6 * np.trace(spread) / len(spread) * np.eye(len(spread))
        template = np.linalg.solve(spread + ridge, (seen[others] - empty[others]).mean(0))
        found.present[here], found.absent[here] = seen[here] @ template, empty[here] @ template
        found.present[here] /= np.sqrt(template @ spread @ template)
        found.absent[here] /= np.sqrt(template @ spread @ template)
    return found


def d_of(auc: float) -> float:
    """Detectability of an AUC."""
    return float(np.sqrt(2) * norm.ppf(np.clip(auc, 1e-4, 1 - 1e-4)))


def ratio(of: Scores, over: Scores, draws: int = 300, seed: int = 0) -> tuple[float, float, float]:
    """Ratio of two detectabilities measured on the same places: value, and 2.5th and 97.5th percentile by bootstrap."""
    rng, names = np.random.default_rng(seed), np.unique(of.groups)
    rows = {name: np.flatnonzero(of.groups == name) for name in names}
    found = []
    for _ in range(draws):
        drawn = np.concatenate([rows[name] for name in rng.choice(names, len(names))])
        one, other = (_auc(s.present[drawn], s.absent[drawn]) for s in (of, over))
        found.append(d_of(one) / max(d_of(other), 1e-3))
    low, high = np.percentile(found, (2.5, 97.5))
    return of.d_a / max(over.d_a, 1e-3), float(low), float(high)


def _flat(pictures: FloatArray) -> FloatArray:
    centred = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    return np.asarray(centred.reshape(-1, pictures.shape[1] * pictures.shape[2]), np.float64)


def _auc(present: FloatArray, absent: FloatArray) -> float:
    n, m = len(present), len(absent)
    if not n or not m:
        return float("nan")
    ranks = rankdata(np.concatenate([present, absent]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
