"""What ``recon evaluate preserve ct`` runs on: a site's pairs or a made-up one, and the classical methods beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from recon.arrays import FloatArray
from recon.errors import InvalidRequest
from recon.preservation.spacing import require_same
from recon.preservation.trial import Denoiser, Pair
from recon.quality.noise_level import tissue_noise
from recon.quality.survival import pooled
from recon.tasks.ct.inputs import only_volume
from recon.tasks.ct.probes import BLUR_MM, in_hu, lesions_in
from recon.tasks.ct.sample import ct_slice
from recon.volumes import Geometry

__all__ = ["BLUR_MM", "classical", "made_up", "pairs_of", "picture"]
_MOST_SLICES = 4


def pairs_of(low: Sequence[Path], full: Sequence[Path]) -> list[Pair]:
    """Up to four slices of each scan, evenly spread.

    Raises
    ------
    InvalidRequest
        When the scans do not belong together, or pixels of one scan are larger than another's.
    """
    if len(low) != len(full):
        raise InvalidRequest(f"{len(low)} --low and {len(full)} --full; each low-dose scan needs its full-dose one")
    found: list[Pair] = []
    for low_path, full_path in zip(low, full, strict=True):
        before, after = only_volume(low_path), only_volume(full_path)
        if before.shape != after.shape:
            raise InvalidRequest(f"{low_path} has shape {before.shape}, {full_path} has {after.shape}")
        voxels = before.geometry.spacing
        require_same(low_path, voxels, full_path, after.geometry.spacing, "give two doses of one scan, voxel by voxel")
        if found:
            require_same(low[0], (found[0].spacing_mm,), low_path, voxels[:1], "measure each in a run of its own")
        slices = before.shape[0]
        for index in sorted({round((part + 0.5) * slices / _MOST_SLICES - 0.5) for part in range(_MOST_SLICES)}):
            name = f"{low_path.name}, slice {index + 1}"
            found.append(Pair(name, before.values[index], after.values[index], voxels[0]))
    return found


def made_up(size: int = 256) -> list[Pair]:
    """One body with the noise of a soft kernel at a quarter of the dose and at the full dose."""
    rng = np.random.default_rng(0)
    clean = gaussian_filter(ct_slice(0, size), 1.5)

    def noise(level_hu: float) -> FloatArray:
        white = gaussian_filter(rng.normal(size=(size, size)), 0.8)
        return np.asarray(level_hu * white / white.std(), np.float32)

    full = clean + noise(12.0)
    # three quarters of the photons less: the rest of a doubled noise
    return [Pair("made-up body", np.round(full + noise(12.0 * np.sqrt(3))), full.astype(np.float32), 0.7)]


def classical(pairs: Sequence[Pair], *, block_matching: bool = True) -> dict[str, Denoiser]:
    """Total variation and, where there is time for it, BM3D, as strong as the noise of the pairs asks for."""
    from recon.training.ct import classical

    levels = [tissue_noise(pair.low) for pair in pairs]
    noise = float(np.nanmedian(levels)) if np.isfinite(levels).any() else 20.0

    def of(method: classical.ClassicalDenoiser) -> Denoiser:
        def denoise(stack: FloatArray) -> tuple[FloatArray, None]:
            return np.stack([method(plane.astype(np.float64), noise) for plane in stack]).astype(np.float32), None

        return denoise

    found = {"total variation": of(classical.total_variation)}
    return {**found, "BM3D": of(classical.block_matching)} if block_matching else found


def picture(pairs: Sequence[Pair], denoise: Denoiser, path: Path) -> None:
    """What probes are: lesions in a low-dose slice, the slice denoised with them, and what became of each.

    Parameters
    ----------
    pairs
        The low dose of the first that has soft tissue is shown.
    denoise
        The model.
    path
        Of the PNG.

    Raises
    ------
    InvalidRequest
        When none has.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    for pair in pairs:
        plain = denoise(pair.low[None])[0][0]
        lesions = lesions_in(plain, Geometry.from_spacing(pair.spacing_mm, pair.spacing_mm, 3.0))
        if lesions is not None:
            break
    else:
        names = ", ".join(pair.name for pair in pairs)
        raise InvalidRequest(f"no soft tissue for a known lesion in {names}; name scans with such slices")
    added = in_hu(lesions)
    image = denoise((pair.low + added)[None])[0][0]
    left = lesions.shares(image - plain, added)
    figure, axes = plt.subplots(1, 4, figsize=(16, 4.6), layout="constrained")
    part = _part(added)
    shown = (
        (pair.low + added, (-160, 240), "gray", "the scan with known lesions"),
        (image, (-160, 240), "gray", "denoised"),
        (added, (0, 25), "magma", "the lesions alone"),
        (image - plain, (0, 25), "magma", "what the image shows of them"),
    )
    for axis, (values, window, colours, words) in zip(axes, shown, strict=True):
        drawn = axis.imshow(values[part], cmap=colours, vmin=window[0], vmax=window[1])
        axis.set_title(words, fontsize=11)
        axis.set_axis_off()
    figure.colorbar(drawn, ax=axes[2:], shrink=0.6, label="HU")
    figure.suptitle("; ".join(str(one) for one in pooled([left])[:2]), fontsize=11)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _part(added: FloatArray) -> tuple[slice, slice]:
    """A square in the middle of the lesions, so large that the small ones are seen."""
    places = np.argwhere(added > 0)
    middle, half = np.median(places, axis=0).astype(int), int(np.ptp(places, axis=0).max() * 0.3) + 1
    row, column = (slice(max(0, place - half), place + half) for place in middle)
    return row, column
