"""What ``recon evaluate preserve contrast`` runs on: a site's pairs or a made-up one, and the classical methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means

from recon.arrays import FloatArray
from recon.errors import InvalidRequest
from recon.io.nifti import stem
from recon.preservation.reduced_agent import LESIONS
from recon.preservation.spacing import require_same
from recon.preservation.uptake import EnhancingPair, Synthesis, scans_of
from recon.quality.survival import Lesion
from recon.tasks.contrast.features import SIGMAS
from recon.training.contrast.anatomy import HeadSource, load_head, matched_enhancement, matching_of

_NLM_STRENGTHS = (0.6, 1.0, 1.5)
_SEED = 7  # of the scan on which a method's parameter is chosen
_FEW = ((5, 20), (5, 50), (10, 20))


def lesions(quick: bool) -> tuple[Lesion, ...]:
    """Balls by size and enhancement; a few of them where places are few."""
    return tuple(lesion for lesion in LESIONS if not quick or (lesion.size_mm, lesion.contrast) in _FEW)


def pairs_of(pre: Sequence[Path], full: Sequence[Path], matching: str, slices: int) -> list[EnhancingPair]:
    """The middle slices of each head.

    Raises
    ------
    InvalidRequest
        When the scans do not belong together, or voxels of one head are larger than another's.
    """
    if len(pre) != len(full):
        raise InvalidRequest(f"{len(pre)} --pre and {len(full)} --full; each scan needs its full-dose one")
    found: list[EnhancingPair] = []
    for before, after in zip(pre, full, strict=True):
        for path in (before, after):
            if not path.exists():
                raise InvalidRequest(f"{path}: no such file")
        try:
            head = load_head(HeadSource(name=stem(before), pre=str(before), full=str(after)), [Path()])
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        change = matched_enhancement(head, matching_of(matching), signed=False)
        first = max(0, (len(head.pre) - slices) // 2)
        part = slice(first, first + slices)
        column, row, depth = head.spacing
        voxels = depth, row, column
        if found:
            require_same(pre[0], found[0].spacing_mm, before, voxels, "measure each in a run of its own")
        found.append(EnhancingPair(head.name, head.pre[part], change[part], head.mask[part], voxels))
    return found


def made_up() -> EnhancingPair:
    """A head with ventricles and one lesion that takes up agent."""
    shape = (28, 128, 112)
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij", sparse=True)
    radius = np.sqrt((x / 0.85) ** 2 + (y / 0.9) ** 2 + (0.5 * z) ** 2)
    pre = np.select([radius < 0.82, radius < 0.88, radius < 1.0], [0.65, 0.05, 1.0], 0.0)
    pre[np.broadcast_to((np.hypot((abs(x) - 0.12) / 0.08, y / 0.25) < 1) & (radius < 0.82), shape)] = 0.2
    pre = pre + 0.06 * np.sin(25 * x) * np.cos(21 * y) * (radius < 0.82)
    uptake = 0.5 * ((x - 0.35) ** 2 + (y + 0.35) ** 2 + (0.3 * z) ** 2 < 0.02)
    inside = np.broadcast_to(radius < 0.82, shape)
    pre, uptake = (gaussian_filter(volume.astype(np.float32), 0.5) for volume in (pre, uptake))
    pre[radius > 1.05] = 0
    return EnhancingPair("made-up head", pre, uptake, np.asarray(inside), (2.0, 1.2, 1.2))


def classical(
    pair: EnhancingPair, noise: float, dose_fraction: float, *, non_local: bool = True
) -> dict[str, Synthesis]:
    """The difference over the dose fraction, smoothed, each way at the strength that suits this pair's truth best.

    That flatters them.
    """
    scans = scans_of(pair, 0.0, noise, dose_fraction, _SEED)
    truth, level = pair.pre + pair.enhancement, np.sqrt(2) * noise / dose_fraction

    def smoothed(sigma: float) -> Synthesis:
        pixels = [sigma * pair.spacing_mm[2] / step for step in pair.spacing_mm]

        def synthesise(pre: FloatArray, low: FloatArray) -> tuple[FloatArray, None]:
            return pre + gaussian_filter((low - pre) / np.float32(dose_fraction), pixels), None

        return synthesise

    def non_local_means(strength: float) -> Synthesis:
        def synthesise(pre: FloatArray, low: FloatArray) -> tuple[FloatArray, None]:
            planes = [
                denoise_nl_means(plane, patch_size=5, patch_distance=7, h=strength * level, sigma=level)
                for plane in (low - pre) / np.float32(dose_fraction)
            ]
            return pre + np.stack(planes), None

        return synthesise

    def best(candidates: list[Synthesis], part: slice) -> Synthesis:
        def error(synthesis: Synthesis) -> float:
            return float(np.mean((synthesis(scans.pre[part], scans.low[part])[0] - truth[part]) ** 2))

        return min(candidates, key=error)

    found = {"smoothed": best([smoothed(sigma) for sigma in SIGMAS], slice(None))}
    if non_local:
        # slice by slice: a few of them tell
        found["non-local means"] = best([non_local_means(h) for h in _NLM_STRENGTHS], slice(None, None, 8))
    return found
