"""Figures of merit of a synthesised full-dose scan against the real one."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, label
from skimage.metrics import structural_similarity

from recon.arrays import FloatArray, Mask

#: Intensities are relative to the 99th percentile of the pre scan.
DATA_RANGE = 1.5
#: What counts as enhancing, and as strongly enhancing.
ENHANCING, STRONG = 0.1, 0.3


def psnr(image: FloatArray, full: FloatArray) -> float:
    """Peak signal-to-noise ratio, dB, over whole slices, data range 1.5."""
    error = float(np.mean(np.square(np.asarray(image, np.float64) - full)))
    return float(10 * np.log10(DATA_RANGE**2 / max(error, 1e-12)))


def ssim(image: FloatArray, full: FloatArray) -> float:
    """Structural similarity (Wang et al. 2004), mean over slices (slice, y, x)."""
    return float(
        np.mean([structural_similarity(a, b, data_range=DATA_RANGE) for a, b in zip(image, full, strict=True)])
    )


def lesion_mask(enhancement: FloatArray, brain: Mask) -> Mask:
    """The largest strongly enhancing component away from the surface of the brain."""
    from scipy.ndimage import binary_erosion

    strong = (gaussian_filter(enhancement, 0.7) > STRONG) & binary_erosion(brain, iterations=5)
    parts, count = label(strong)
    if not count:
        return np.zeros_like(brain)
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]), dtype=bool)


def lesion_volume_ratio(found: FloatArray, truth: FloatArray, lesion: Mask) -> float:
    """Volume of strong enhancement in and around a lesion, over the true one."""
    from scipy.ndimage import binary_dilation

    near = binary_dilation(lesion, iterations=3)
    true_voxels = int(((gaussian_filter(truth, 0.7) > STRONG) & near).sum())
    return float(((gaussian_filter(found, 0.7) > STRONG) & near).sum() / max(true_voxels, 1))


def contrast_recovery(found: FloatArray, truth: FloatArray, lesion: Mask) -> float:
    """Mean enhancement of a lesion over the true one."""
    return float(found[lesion].mean() / max(float(truth[lesion].mean()), 1e-6)) if lesion.any() else float("nan")


def false_enhancement(found: FloatArray, truth: FloatArray, brain: Mask) -> float:
    """Share of the brain that seems to enhance where hardly anything does."""
    quiet = brain & (gaussian_filter(truth, 1.0) < ENHANCING / 2)
    return float(((found > 1.5 * ENHANCING) & quiet).sum() / max(int(brain.sum()), 1))
