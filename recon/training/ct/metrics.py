"""Figures of merit of a denoised CT slice against the full-dose one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, uniform_filter
from skimage.metrics import structural_similarity

from recon.arrays import FloatArray

WINDOW = (-160.0, 240.0)
SPAN = WINDOW[1] - WINDOW[0]


def rmse(a: FloatArray, b: FloatArray) -> float:
    """Root mean square error in the abdominal display window, HU."""
    return float(np.sqrt(np.mean((np.clip(a, *WINDOW) - np.clip(b, *WINDOW)) ** 2)))


def psnr(a: FloatArray, b: FloatArray) -> float:
    """Peak signal-to-noise ratio in the display window, dB, data range 400 HU."""
    return float(20 * np.log10(SPAN / max(rmse(a, b), 1e-6)))


def ssim(a: FloatArray, b: FloatArray) -> float:
    """Structural similarity in the display window, data range 400 HU (Wang et al. 2004)."""
    return float(structural_similarity(np.clip(a, *WINDOW), np.clip(b, *WINDOW), data_range=SPAN))


def noise_power_spectrum(difference: FloatArray, size: int = 64, bins: int = 32) -> FloatArray:
    """Radial noise-power spectrum (bins,) of a difference image, 0 to 0.5 cycles per pixel.

    Hann-windowed patches from the central half of the image; scaled so that its integral over the
    plane is the variance.
    """
    window = np.hanning(size)[:, None] * np.hanning(size)
    window /= np.sqrt((window**2).mean())
    rows, columns = difference.shape
    power = np.zeros((size, size))
    count = 0
    for top in range(rows // 4, 3 * rows // 4 - size + 1, size // 2):
        for left in range(columns // 4, 3 * columns // 4 - size + 1, size // 2):
            patch = difference[top : top + size, left : left + size]
            power += np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
            count += 1
    frequency = np.fft.fftfreq(size)
    radial = np.minimum((np.hypot(frequency[:, None], frequency) * 2 * bins).astype(int), bins)
    total = np.bincount(radial.ravel(), power.ravel(), bins + 1)
    return (total / np.bincount(radial.ravel(), minlength=bins + 1))[:bins] / max(count, 1) / size**2


@dataclass(frozen=True)
class Edges:
    """Places (n, 2) and unit normals (n, 2) of strong edges, found on the full-dose image."""

    places: FloatArray
    normals: FloatArray


def find_edges(full: FloatArray, most: int = 4000) -> Edges:
    """Skin and other edges of more than 300 HU, from the smoothed full-dose image."""
    smooth = gaussian_filter(np.clip(full, -1000, 300), 1.5)
    down, across = np.gradient(smooth)
    strength = np.hypot(down, across)
    strength[:16] = strength[-16:] = 0
    strength[:, :16] = strength[:, -16:] = 0
    ridge = strength == np.maximum.reduce([np.roll(strength, shift, axis) for axis in (0, 1) for shift in (-1, 0, 1)])
    y, x = np.nonzero(ridge & (strength > 60))
    keep = np.argsort(-strength[y, x])[:most]
    y, x = y[keep], x[keep]
    normals = np.stack([down[y, x], across[y, x]], 1) / strength[y, x][:, None]
    return Edges(np.stack([y, x], 1).astype(float), normals)


def edge_mtf50(image: FloatArray, edges: Edges, reach: float = 8.0, step: float = 0.25) -> float:
    """Frequency (cycles per pixel) at which the MTF of the mean edge profile has fallen to half."""
    offsets = np.arange(-reach, reach + step / 2, step)
    places = edges.places[:, :, None] + edges.normals[:, :, None] * offsets
    profiles = map_coordinates(np.clip(image, -1000, 300), [places[:, 0], places[:, 1]], order=1)
    spread = np.gradient(profiles.mean(axis=0), step) * np.hanning(len(offsets))
    transfer = np.abs(np.fft.rfft(spread, 1024))
    transfer /= transfer[0]
    frequency = np.fft.rfftfreq(1024, step)
    below = int(np.argmax(transfer < 0.5))
    left, right = transfer[below - 1], transfer[below]
    part = (left - 0.5) / (left - right)
    return float(frequency[below - 1] + part * (frequency[below] - frequency[below - 1]))


def flat_bias(image: FloatArray, full: FloatArray) -> dict[str, float]:
    """Mean difference to the full-dose image in flat fat and flat soft tissue, HU."""
    mean = uniform_filter(full.astype(np.float64), 15)
    spread = np.sqrt(np.maximum(uniform_filter(full.astype(np.float64) ** 2, 15) - mean**2, 0))
    bias = {}
    for name, low, high in (("fat", -130, -70), ("soft_tissue", 0, 90)):
        inside = (mean > low) & (mean < high)
        if inside.sum() < 500:
            continue
        flat = inside & (spread < np.quantile(spread[inside], 0.4))
        bias[name] = float((image[flat] - full[flat]).mean())
    return bias


def interval_in_body(image: FloatArray, uncertainty: FloatArray, full: FloatArray) -> tuple[float, float]:
    """Coverage of the interval in soft tissue, and its mean half-width in HU."""
    tissue = (full > -200) & (full < 300)
    inside = np.abs(image - full)[tissue] <= uncertainty[tissue]
    return float(inside.mean()), float(uncertainty[tissue].mean())
