"""Objects that nobody was born with: vessels of fluid with inserts, fruit with segments, bars and grids.

Scanners see them every day in quality control, and a network that knows anatomy alone draws anatomy into them.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from recon.arrays import FloatArray
from recon.training.mr.phase import filtered_noise


def draw_phantom(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """The magnitude of a phantom, (y, x) float32 of about 1 where it is bright.

    Parameters
    ----------
    shape
        Of the fine grid that it is drawn on.
    rng
        Of every choice.
    """
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    y, x = y[:, None] - np.float32(rng.uniform(-0.15, 0.15)), x - np.float32(rng.uniform(-0.15, 0.15))
    turn, size, ratio = rng.uniform(0, np.pi), rng.uniform(0.4, 0.85), np.exp(rng.normal(0, 0.12))
    u = (x * np.cos(turn) + y * np.sin(turn)) * ratio / size
    v = (y * np.cos(turn) - x * np.sin(turn)) / ratio / size
    pixel = 2 / (size * min(shape))
    power = rng.choice([2.0, 2.0, 8.0])  # round, or a box with round corners
    radius = (np.abs(u) ** power + np.abs(v) ** power) ** (1 / power)
    body = _inside(1 - radius, pixel)
    draw = [_nothing, _inserts, _segments, _bars][rng.choice(4, p=(0.25, 0.35, 0.25, 0.15))]
    magnitude = body * draw(u, v, radius, pixel, rng)
    shading = 1 + rng.uniform(0, 0.25) * filtered_noise(shape, rng.uniform(15, 60), rng)
    return np.asarray(np.maximum(magnitude * shading, 0), np.float32)


def _nothing(u: FloatArray, v: FloatArray, radius: FloatArray, pixel: float, rng: np.random.Generator) -> FloatArray:
    """Fluid alone, or in a second vessel within the first."""
    wall, within = rng.uniform(0.3, 0.9), rng.uniform(0.0, 1.2)
    return 1 - _inside(wall - radius, pixel) * np.float32((1 - within) * (rng.random() < 0.5))


def _inserts(u: FloatArray, v: FloatArray, radius: FloatArray, pixel: float, rng: np.random.Generator) -> FloatArray:
    """Round and square inserts of any signal, of two pixels and more."""
    plane = np.ones_like(radius)
    for _ in range(int(rng.integers(3, 24))):
        at, angle = rng.uniform(0, 0.8), rng.uniform(0, 2 * np.pi)
        du, dv = u - at * np.cos(angle), v - at * np.sin(angle)
        far = np.hypot(du, dv) if rng.random() < 0.7 else np.maximum(np.abs(du), np.abs(dv))
        insert = _inside(np.exp(rng.uniform(np.log(1.5 * pixel), np.log(0.3))) - far, pixel)
        plane = plane * (1 - insert) + insert * rng.choice([0.0, rng.uniform(0, 1.4)])
    return np.asarray(plane)


def _segments(u: FloatArray, v: FloatArray, radius: FloatArray, pixel: float, rng: np.random.Generator) -> FloatArray:
    """Flesh in segments with thin skins, a rind and pips, as of a fruit that is cut across or slantwise."""
    count, core = int(rng.integers(7, 14)), rng.uniform(-0.2, 0.2, 2)
    angle = np.arctan2(v - core[1], u - core[0]) + 0.15 * filtered_noise(radius.shape, 25, rng)
    phase = np.abs((angle * count / (2 * np.pi) + rng.uniform()) % 1 - 0.5) * 2  # 0 in a segment, 1 at its skin
    skin = _inside(rng.uniform(0.5, 2.5) * pixel - (1 - phase) * np.pi / count * radius, pixel)
    rind = rng.uniform(0.75, 0.95)
    flesh = 1 + rng.uniform(0, 0.25) * filtered_noise(radius.shape, rng.uniform(1, 5), rng)
    plane = flesh * (1 - skin) + skin * rng.uniform(0, 0.7)
    outer = _inside(radius - rind, pixel)
    plane = plane * (1 - outer) + outer * rng.uniform(0.0, 0.8)
    middle = _inside(rng.uniform(0.0, 0.15) - np.hypot(u - core[0], v - core[1]), pixel)
    return np.asarray(plane * (1 - middle) + middle * rng.uniform(0, 1.2))


def _bars(u: FloatArray, v: FloatArray, radius: FloatArray, pixel: float, rng: np.random.Generator) -> FloatArray:
    """Groups of bars, or a grid, down to two pixels a line."""
    period = pixel * np.exp(rng.uniform(np.log(4), np.log(30)))
    wave = np.cos(2 * np.pi * u / period)
    if rng.random() < 0.4:
        wave = np.maximum(wave, np.cos(2 * np.pi * v / period))
    lines = np.clip(0.5 + wave * period / (4 * pixel), 0, 1)
    place = _inside(rng.uniform(0.3, 0.7) - np.maximum(np.abs(u), np.abs(v)), pixel)
    return np.asarray(1 - place * lines * rng.uniform(0.4, 1.0))


def _inside(distance: FloatArray, pixel: float) -> FloatArray:
    """From 0 to 1 over a pixel about distance 0."""
    return np.asarray(ndimage.gaussian_filter(np.clip(distance / pixel + 0.5, 0, 1), 0.4), np.float32)
