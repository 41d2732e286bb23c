"""What is put into an anatomy so that rare structure survives: contrasts, fat, vessels, lesions, texture."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from recon.arrays import FloatArray
from recon.training.mr.phase import filtered_noise


def change_contrast(magnitude: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Another grey-value curve: a gamma, dark and bright exchanged (T2-like), or any smooth curve."""
    kind = rng.random()
    if kind < 0.2:
        head = np.asarray(np.clip(magnitude / 0.12, 0, 1), np.float32)
        magnitude = head * np.clip(rng.uniform(1.05, 1.3) - magnitude, 0.05, None)
    elif kind < 0.4:
        knots = np.array([0.0, 0.15, 0.35, 0.55, 0.75, 1.0, 1.6])
        heights = np.concatenate([[0.0], rng.uniform(0.1, 1.0, 6)])
        magnitude = np.interp(magnitude, knots, heights).astype(np.float32)
    power = float(np.exp(rng.normal(0, 0.25)))
    return np.asarray(magnitude, np.float32) ** np.float32(power)


def solid_head(magnitude: FloatArray) -> FloatArray:
    """The head without holes, (y, x) bool."""
    return np.asarray(ndimage.binary_fill_holes(ndimage.binary_closing(magnitude > 0.08, iterations=3)))


def add_scalp(magnitude: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """Skull (dark) and scalp (bright) round a brain that has none."""
    outside = ndimage.distance_transform_edt(~solid_head(magnitude)) * pixel_mm
    skull, scalp = rng.uniform(3.0, 7.0), rng.uniform(3.0, 8.0)
    ring = _step(outside - skull, pixel_mm) * _step(skull + scalp - outside, pixel_mm)
    wavy = 1 + 0.2 * filtered_noise(magnitude.shape, 6.0, rng)
    return magnitude + np.float32(rng.uniform(0.3, 1.6)) * ring * np.clip(wavy, 0.3, None)


def fat_rim(magnitude: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """Where subcutaneous fat lies, (y, x) 0 to 1: the outer millimetres of the head."""
    depth = ndimage.distance_transform_edt(solid_head(magnitude)) * pixel_mm
    return _step(depth - rng.uniform(0.3, 1.5), pixel_mm) * _step(rng.uniform(3.0, 9.0) - depth, pixel_mm)


def draw_vessels(shape: tuple[int, ...], inside: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """Thin curved tubes, seen along or across, (y, x) 0 to 1."""
    sharp = np.zeros(shape, np.float32)
    places = np.argwhere(inside)
    if not len(places):
        return sharp
    for _ in range(int(rng.integers(2, 12))):
        start = places[rng.integers(len(places))].astype(float)
        length = rng.choice([0.0, rng.uniform(5.0, 50.0)]) / pixel_mm
        heading, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 1.5)
        radius = rng.uniform(0.4, 1.6) / pixel_mm
        t = np.linspace(0, 1, max(2, int(2 * length) + 2))
        angle = heading + bend * t
        y = start[0] + np.cumsum(np.sin(angle)) * length / len(t)
        x = start[1] + np.cumsum(np.cos(angle)) * length / len(t)
        _draw_tube(sharp, y, x, radius)
    return sharp * inside


def add_lesions(magnitude: FloatArray, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """One to five blobs of 1.5 to 12 mm, brighter or darker, some with a rim, anywhere in the head."""
    inside = np.argwhere(magnitude > 0.15)
    if not len(inside):
        return magnitude
    y, x = np.ogrid[: magnitude.shape[0], : magnitude.shape[1]]
    for _ in range(int(rng.integers(1, 6))):
        cy, cx = inside[rng.integers(len(inside))]
        radius, ratio, turn = rng.uniform(0.75, 6.0) / pixel_mm, rng.uniform(0.6, 1.6), rng.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        distance = np.hypot(u * ratio, v / ratio)
        blob = _step(radius - distance, rng.uniform(0.6, 1.6))
        if rng.random() < 0.25:
            blob = blob * _step(distance - 0.6 * radius, 0.8)
        contrast = rng.uniform(0.1, 0.9) * rng.choice([-0.7, 1.0])
        magnitude = np.asarray(magnitude * (1 + contrast * blob), np.float32)
    return magnitude


def add_texture(magnitude: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Fine structure that averaged or interpolated anatomy has lost."""
    fine = filtered_noise(magnitude.shape, rng.uniform(0.5, 1.5), rng)
    return magnitude * np.clip(1 + np.float32(rng.uniform(0.02, 0.1)) * fine, 0, None)


def _step(distance: FloatArray, width: float) -> FloatArray:
    """From 0 to 1 across ``width`` about distance 0."""
    return np.clip(distance / width + 0.5, 0, 1).astype(np.float32)


def _draw_tube(canvas: FloatArray, y: FloatArray, x: FloatArray, radius: float) -> None:
    reach = int(radius + 2)
    for cy, cx in zip(y, x, strict=True):
        rows = slice(max(0, int(cy) - reach), int(cy) + reach + 1)
        columns = slice(max(0, int(cx) - reach), int(cx) + reach + 1)
        part = canvas[rows, columns]
        if part.size:
            gy = np.arange(rows.start, rows.start + part.shape[0])[:, None] - cy
            gx = np.arange(columns.start, columns.start + part.shape[1]) - cx
            np.maximum(part, np.clip(radius + 0.5 - np.hypot(gy, gx), 0, 1), out=part)
