"""Phase of an object: smooth, different by tissue, rough in places."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from recon.arrays import FloatArray


def object_phase(magnitude: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """Phase (y, x) in radians of a head whose magnitude is about 1.

    Waves over the whole field (receive chain, shim), wells beside air (susceptibility), an offset that
    follows the grey value (tissues' susceptibilities: Duyn et al., PNAS 104:11796, 2007) and patches of
    structure of one to four pixels (flow, small veins, motion). A spin echo has little of the last three.
    """
    shape = magnitude.shape
    phase = smooth_phase(shape, rng, float(rng.uniform(0.0, 1.2)))
    if rng.random() < 0.15:
        return phase
    inside = np.argwhere(magnitude > 0.1)
    y, x = (np.arange(n, dtype=np.float32) for n in shape)
    for _ in range(int(rng.integers(0, 5)) if len(inside) else 0):
        cy, cx = inside[rng.integers(len(inside))]
        width = rng.uniform(6.0, 24.0) / pixel_mm
        well = np.outer(np.exp(-0.5 * ((y - cy) / width) ** 2), np.exp(-0.5 * ((x - cx) / width) ** 2))
        phase += rng.normal(0, 1.8) * well
    phase += rng.normal(0, 0.5) * (ndimage.gaussian_filter(magnitude, rng.uniform(0.3, 1.5)) - 0.5)
    for _ in range(int(rng.integers(0, 3))):
        rough = filtered_noise(shape, rng.uniform(0.6, 3.5), rng)
        patches = np.clip(filtered_noise(shape, rng.uniform(10.0, 30.0), rng) - rng.uniform(-1.0, 0.8), 0, 1)
        phase += rng.uniform(0.1, 0.8) * rough * patches
    return phase


def body_phase(magnitude: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """What a body adds to :func:`object_phase`, (y, x) in radians.

    A field that turns several times across it, and now and then metal: a dipole's field, so steep nearby that
    the signal of a pixel cancels (Schenck, Med Phys 23:815, 1996).
    """
    phase = smooth_phase(magnitude.shape, rng, float(rng.uniform(0.0, 2.0)))
    inside = np.argwhere(magnitude > 0.1)
    if len(inside) and rng.random() < 0.12:
        cy, cx = inside[rng.integers(len(inside))]
        y, x = (np.arange(n, dtype=np.float32) - c for n, c in zip(magnitude.shape, (cy, cx), strict=True))
        radius = rng.uniform(2.0, 7.0) / pixel_mm
        distance = np.hypot(y[:, None], x) + radius
        along = y[:, None] if rng.random() < 0.5 else x[None]
        phase = phase + rng.uniform(2.0, 30.0) * radius**3 * (3 * along**2 / distance**2 - 1) / distance**3
    return np.asarray(phase, np.float32)


def smooth_phase(shape: tuple[int, ...], rng: np.random.Generator, size: float) -> FloatArray:
    """Polynomials and one wave across the field of view, (y, x) float32 in radians."""
    y, x = np.meshgrid(*[np.linspace(-1, 1, n, dtype=np.float32) for n in shape], indexing="ij")
    a = rng.normal(size=9).astype(np.float32)
    waves = np.sin(2.0 * (a[5] * x + a[6] * y) + a[7]) * a[8]
    return np.asarray(size * (2 * a[0] * x + 2 * a[1] * y + a[2] * x * y + a[3] * x**2 + a[4] * y**2 + waves))


def filtered_noise(shape: tuple[int, ...], width: float, rng: np.random.Generator) -> FloatArray:
    """Gaussian noise smoothed over ``width`` pixels, standard deviation 1, (y, x) float32."""
    coarse = max(1, int(width // 2))  # wide structure needs few samples
    small = tuple(-(-n // coarse) + 1 for n in shape)
    noise = ndimage.gaussian_filter(rng.normal(size=small).astype(np.float32), width / coarse)
    if coarse > 1:
        noise = ndimage.zoom(noise, coarse, order=1)
    noise = noise[: shape[0], : shape[1]]
    return np.asarray(noise / (noise.std() + 1e-6), np.float32)
