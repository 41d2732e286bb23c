"""Gain and slow bias between two scans, from tissue that takes up no contrast agent.

In a T1-weighted scan the agent only brightens. So the tissue without uptake is the darkest cluster of
the ratio of the two scans, however much else enhances; and a slow bias shows where tissue got darker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recon.physics.gaussian import gaussian
from recon.physics.rician import difference_noise
from recon.tasks.contrast.coarse import eroded, high_level, inside, slope, some
from recon.volumes import FloatImage

Steps = tuple[int, int, int]
_FEWEST = 500
#: Blocks of tissue that are looked at: their noise is far below what a gain is uncertain by.
_PLACES = 120_000
#: Slices that noise is measured in, which is one in the plane.
_NOISE_SLICES = 8
_BINS = 160
#: Share of the unenhanced tissue that got darker by more than noise and this; above it a slow bias is looked for.
_DARKER_SHARE, _DARKER = 0.08, 0.005
_SMALLEST_BIAS = 0.004
_POWERS = [(i, j, k) for i in range(3) for j in range(3 - i) for k in range(3 - i - j)]


@dataclass(frozen=True)
class Gain:
    """What the low-dose scan has to be divided by.

    Attributes
    ----------
    gain
        The same everywhere.
    bias
        Coefficients of a polynomial of second order in place (-1 to 1 along each axis), of the logarithm;
        all zero when there is no slow bias.
    """

    gain: float
    bias: npt.NDArray[np.float64]

    @property
    def has_bias(self) -> bool:
        """Whether a slow bias was found."""
        return bool(self.bias.any())

    def correct(self, low: FloatImage, start: int, shape: tuple[int, int, int]) -> None:
        """Divide slices of the low-dose scan in place.

        Parameters
        ----------
        low
            (slice, y, x), the slices from ``start`` on.
        start, shape
            Where they lie in the whole volume.
        """
        if not self.has_bias:
            low *= np.float32(1 / self.gain)
            return
        low *= np.exp(-self._field(low.shape, start, shape)) * np.float32(1 / self.gain)

    def spread(self, shape: tuple[int, int, int]) -> float:
        """Standard deviation of the slow bias over the volume, relative."""
        coarse = (min(shape[0], 16), min(shape[1], 16), min(shape[2], 16))
        return float(np.std(self._field(coarse, 0, coarse))) if self.has_bias else 0.0

    def _field(self, part: tuple[int, ...], start: int, shape: tuple[int, int, int]) -> FloatImage:
        z, y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
        z = z[start : start + part[0]]
        total = np.zeros(part, np.float32)
        for value, term in zip(self.bias, _terms(z[:, None, None], y[None, :, None], x[None, None, :]), strict=True):
            total += np.float32(value) * term
        return total


def _terms(z: FloatImage, y: FloatImage, x: FloatImage) -> list[FloatImage]:
    return [z**i * y**j * x**k for i, j, k in _POWERS]


def match_gain(pre: FloatImage, low: FloatImage, steps: Steps, blocks: tuple[FloatImage, FloatImage]) -> Gain:
    """Gain and slow bias of the low-dose scan.

    Parameters
    ----------
    pre, low
        (slice, y, x), aligned.
    steps
        (slice, row, column) voxels in a block of about 2 mm.
    blocks
        Both scans, as means of such blocks.

    Returns
    -------
    Gain
        Gain 1 without bias where there is too little tissue.
    """
    before, after = (gaussian(scan, 1.0) for scan in blocks)
    mean = 0.5 * (before + after)
    nothing = Gain(1.0, np.zeros(len(_POWERS)))
    tissue = (mean > high_level(mean, 0.25)) & (before > 0) & (after > 0)
    inner = eroded(tissue, 2)
    tissue = inner if inner.sum() > _FEWEST else inside(tissue)
    places = some(tissue, _PLACES)
    if len(places) < _FEWEST:
        return nothing
    flat = mean.reshape(-1)
    level = flat[places]
    steepness = np.linalg.norm(slope(flat, places, mean.shape), axis=0) / level
    places = places[steepness <= np.quantile(steepness, 0.7)]  # edges show motion, not gain
    ratio = np.log(after.reshape(-1)[places] / before.reshape(-1)[places]).astype(np.float64)
    noise = _ratio_noise(pre, low, float(np.median(level)), steps)
    peak, width = darkest_cluster(ratio, noise)
    flat_gain = Gain(float(np.exp(peak)), np.zeros(len(_POWERS)))
    limit = 3.0 * min(noise, width) + _DARKER
    if (ratio < peak - limit).mean() <= _DARKER_SHARE:
        return flat_gain
    axes = (np.linspace(-1, 1, side, dtype=np.float32) for side in mean.shape)
    z, y, x = (axis[index] for axis, index in zip(axes, np.unravel_index(places, mean.shape), strict=True))
    table = np.stack(_terms(z, y, x), 1).astype(np.float64)
    bias = _fit_bias(ratio, table)
    rest = ratio - table @ bias
    centre, narrow = darkest_cluster(rest, noise)
    explained = np.std(table @ bias) > _SMALLEST_BIAS and narrow < 0.8 * width
    return Gain(float(np.exp(centre)), bias) if explained else flat_gain


def darkest_cluster(ratio: npt.NDArray[np.float64], noise: float = 0.0) -> tuple[float, float]:
    """Centre and width (standard deviation) of the cluster of the unenhanced in values with a tail above.

    The peak alone lies too high: much tissue takes up a little, and its values run into the cluster from above.
    So both are fitted together: a normal cluster, and the same one with an exponential tail.

    Parameters
    ----------
    ratio
        (n,) logarithms of the ratio of the two scans.
    noise
        Their standard deviation from noise alone, if it is known; the cluster is not narrower.
    """
    peak, width = _peak(np.sort(ratio))
    width = max(width, noise, 1e-5)
    near = ratio[(ratio > peak - 6 * width) & (ratio < peak + 10 * width)]
    if near.size < _FEWEST:
        return peak, width
    counts, edges = np.histogram(near, _BINS)
    return _fit_cluster(counts, edges, peak, width, noise)


def _fit_cluster(
    counts: npt.NDArray[np.int64], edges: npt.NDArray[np.float64], peak: float, width: float, noise: float
) -> tuple[float, float]:
    """Most likely centre and width of a normal cluster that is partly smeared upwards by an exponential."""
    from scipy.optimize import minimize
    from scipy.special import expit, ndtr

    def expected(found: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        centre, deviation = peak + found[0] * width, noise + width * np.exp(found[1])
        tail, clean = width * np.exp(found[2]), expit(found[3])
        place = (edges - centre) / deviation
        rate = deviation / tail
        # cumulative distribution of the exponentially modified normal; the exponent is bounded where it is 0 anyway
        smeared = ndtr(place) - np.exp(np.minimum(0.5 * rate**2 - place * rate, 50)) * ndtr(place - rate)
        return np.diff(clean * ndtr(place) + (1 - clean) * smeared)

    def unlikely(found: npt.NDArray[np.float64]) -> float:
        share = np.maximum(expected(found), 1e-9)
        return float(-(counts * np.log(share / share.sum())).sum() / counts.sum())

    begin = np.array([-0.2, np.log(0.8), 0.5, 0.5])
    best = minimize(unlikely, begin, method="Nelder-Mead", options={"maxiter": 600, "xatol": 1e-3})
    shift = float(np.clip(best.x[0], -3, 1))
    return peak + shift * width, float(noise + width * np.exp(np.clip(best.x[1], -6, 1)))


def _peak(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Peak of sorted values, and its width below."""
    # the shortest interval that holds a third of the values is around the peak
    count = max(2, len(values) // 3)
    spans = values[count - 1 :] - values[: len(values) - count + 1]
    first = int(spans.argmin())
    peak, width = float(np.median(values[first : first + count])), max(float(spans[first]) / 0.861, 1e-5)
    for _ in range(20):
        below = peak - values[values < peak]
        width = max(1e-5, min(width, 1.4826 * float(np.median(below)) if below.size else width))
        near = values[np.abs(values - peak) < 1.0 * width]
        if near.size < 10:
            break
        moved = float(near.mean())
        if abs(moved - peak) < 1e-6:
            break
        peak = moved
    return peak, width


def _ratio_noise(pre: FloatImage, low: FloatImage, level: float, steps: Steps) -> float:
    """Noise of the logarithm of the ratio after averaging blocks and smoothing by one block."""
    quarter = pre.shape[0] // 4
    middle = slice(quarter, pre.shape[0] - quarter, max(1, pre.shape[0] // (2 * _NOISE_SLICES)))
    change = low[middle] - pre[middle]
    noise = difference_noise(change, pre[middle] > 0.3 * level)
    averaged = np.sqrt(np.prod(steps) * (4 * np.pi) ** 1.5)
    return float(noise / averaged / level) if noise == noise else 0.0


def _fit_bias(ratio: npt.NDArray[np.float64], table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Polynomial through the unenhanced voxels: what lies above counts less and less."""
    error = ratio - np.median(ratio)
    found = np.zeros(table.shape[1])
    for scale in (0.05, 0.03, 0.02, 0.012, 0.008, 0.006, 0.005, 0.004, 0.004, 0.004):
        weight = 1 / (1 + (np.where(error > 0, 1.5, 1.0) * error / scale) ** 2) ** 2
        weighted = table * weight[:, None]
        found = np.linalg.solve(weighted.T @ table + 1e-6 * len(ratio) * np.eye(table.shape[1]), weighted.T @ ratio)
        error = ratio - table @ found
    found[0] = 0.0  # a constant is the gain
    return np.asarray(found)
