"""Random cross-sections of a patient, for the noise that their shape causes.

CT noise follows the gross attenuation: wide hips and shoulders make long horizontal streaks, a head
makes round ones. Ellipses of tissue, fat, bone and air on a table are enough for that (they are
never used as anatomy to look at).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from recon.arrays import FloatArray

BodyPart = Literal["head", "chest", "abdomen", "pelvis", "legs"]
BODY_PARTS: tuple[BodyPart, ...] = ("head", "chest", "abdomen", "pelvis", "legs")


class _Canvas:
    """An image in HU that ellipses are painted on, in mm about its centre."""

    def __init__(self, size: int, spacing_mm: float) -> None:
        axis = (np.arange(size) - (size - 1) / 2) * spacing_mm
        self.x, self.y = axis[None, :], axis[:, None]
        self.hu = np.full((size, size), -1000.0)

    def ellipse(self, hu: float, x: float, y: float, a: float, b: float, turn: float = 0.0, power: float = 2.0) -> None:
        """Paint a (super)ellipse with half-axes ``a`` and ``b`` (mm), turned by ``turn`` radians."""
        dx, dy = self.x - x, self.y - y
        u = np.abs(dx * np.cos(turn) + dy * np.sin(turn)) / a
        v = np.abs(dy * np.cos(turn) - dx * np.sin(turn)) / b
        self.hu[u**power + v**power < 1.0] = hu


def random_body(region: BodyPart, size: int, spacing_mm: float, rng: np.random.Generator) -> FloatArray:
    """A random cross-section (size, size) in HU, with table.

    Parameters
    ----------
    region
        Part of the body; sets the shape and the bones.
    size, spacing_mm
        Pixels per side and their size.
    rng
        Source of randomness.
    """
    canvas = _Canvas(size, spacing_mm)
    x0, y0 = rng.normal(0.0, 12.0), rng.normal(0.0, 15.0)
    bone = rng.uniform(500, 1100)
    if region == "head":
        a, b = rng.uniform(65, 80), rng.uniform(82, 100)
        canvas.ellipse(40, x0, y0, a, b)
        canvas.ellipse(bone + 300, x0, y0, a - 4, b - 4)
        canvas.ellipse(35, x0, y0, a - rng.uniform(9, 14), b - rng.uniform(9, 14))
        return canvas.hu
    if region == "legs":
        radius = rng.uniform(60, 95)
        for side in (-1, 1):
            x = x0 + side * (radius + rng.uniform(2, 15))
            canvas.ellipse(-90, x, y0, radius, radius * rng.uniform(0.9, 1.1))
            canvas.ellipse(55, x, y0, radius * 0.85, radius * 0.85)
            canvas.ellipse(bone + 400, x + rng.normal(0, 6), y0, rng.uniform(14, 20), rng.uniform(14, 20))
        _table(canvas, y0 + radius, rng)
        return canvas.hu
    a = rng.uniform(135, 215)
    b = a * rng.uniform(0.52, 0.78)
    a, b = min(a, 0.47 * size * spacing_mm), min(b, 0.42 * size * spacing_mm)
    fat = rng.uniform(5, 35)
    canvas.ellipse(-100, x0, y0, a, b, power=rng.uniform(2.0, 2.6))
    canvas.ellipse(50, x0, y0, a - fat, b - fat, power=rng.uniform(2.0, 2.6))
    if region == "chest":
        for side in (-1, 1):
            canvas.ellipse(-850, x0 + side * a * 0.42, y0, a * 0.32, b * 0.6)
    if region in ("chest", "abdomen") and rng.random() < 0.4:
        _arms(canvas, x0, y0, a, bone, rng)
    if region == "pelvis":
        _hips(canvas, x0, y0, a, b, bone, rng)
    if region == "abdomen" and rng.random() < 0.5:
        canvas.ellipse(-950, x0 + rng.normal(0, 40), y0 - b * 0.5, rng.uniform(10, 30), rng.uniform(8, 20))
    canvas.ellipse(bone * 0.5, x0, y0 + b * 0.5, rng.uniform(18, 25), rng.uniform(15, 22))
    _table(canvas, y0 + b, rng)
    return canvas.hu


def _arms(canvas: _Canvas, x0: float, y0: float, a: float, bone: float, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        x, y = x0 + side * (a + rng.uniform(25, 40)), y0 + rng.uniform(-10, 50)
        canvas.ellipse(40, x, y, rng.uniform(28, 42), rng.uniform(30, 45))
        canvas.ellipse(bone + 400, x, y, rng.uniform(8, 12), rng.uniform(8, 12))


def _hips(canvas: _Canvas, x0: float, y0: float, a: float, b: float, bone: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:  # femoral heads
        for side in (-1, 1):
            x, y = x0 + side * a * rng.uniform(0.48, 0.62), y0 + b * rng.uniform(-0.1, 0.2)
            canvas.ellipse(bone, x, y, rng.uniform(18, 30), rng.uniform(18, 30))
    else:  # iliac wings
        for side in (-1, 1):
            x, y = x0 + side * a * rng.uniform(0.45, 0.6), y0 + b * rng.uniform(0.0, 0.2)
            canvas.ellipse(bone, x, y, rng.uniform(45, 70), rng.uniform(7, 13), turn=-side * rng.uniform(0.7, 1.1))
    if rng.random() < 0.05:  # a hip prosthesis
        canvas.ellipse(8000, x0 + a * 0.55, y0 + b * 0.1, 15, 15)


def _table(canvas: _Canvas, top: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.8:
        radius = rng.uniform(400, 900)
        y = top + rng.uniform(2, 12) - radius
        distance = np.hypot(canvas.x, canvas.y - y)
        half = rng.uniform(190, 230)
        plate = (np.abs(distance - radius) < 1.5) & (np.abs(canvas.x) < half) & (canvas.y > y)
        canvas.hu[plate] = rng.uniform(-300, 0)
