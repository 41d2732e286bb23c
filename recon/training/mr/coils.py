"""Simulated receive arrays: loops round a head, trunk or limb by the law of Biot and Savart, and their noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import ComplexArray, FloatArray

GRID = 48  # points per side on which sensitivities, which are smooth, are computed
HEAD_MM = np.array([76.0, 98.0, 112.0])  # half axes of a head: left-right, back-front, down-up
TRUNK_MM = np.array([180.0, 125.0, 190.0])
LIMB_MM = np.array([65.0, 65.0, 150.0])
_SEGMENTS = 20
_WIRE_MM = 9.0  # the field is finite at a conductor of this radius


def receive_maps(coils: int, rng: np.random.Generator, body_mm: FloatArray = HEAD_MM) -> ComplexArray:
    """Sensitivities (coils, 48, 48) in a plane through a body; root-sum-of-squares about 1 in the middle.

    Loops lie round the body in one or more rings with jitter and tilt; neighbours couple; each has its
    own gain and phase. The field that a coil receives is ``Bx - iBy`` (B0 along z): Hoult, CMR 12:173 (2000).

    Parameters
    ----------
    coils
        How many.
    rng
        Of every choice.
    body_mm
        (3,) half axes left to right, back to front, down to up. The field of view is 0.97 to 1.5 times a
        head, and 0.75 to 2 times other bodies.
    """
    points = _plane(rng, body_mm)
    centres, normals, radii = _loops(coils, rng, body_mm)
    maps = np.stack([_field(points, c, n, r) for c, n, r in zip(centres, normals, radii, strict=True)])
    gain = np.exp(rng.normal(0, 0.25, coils)) * np.exp(1j * rng.uniform(0, 2 * np.pi, coils))
    maps = maps * gain[:, None, None] / np.abs(maps).mean()
    if rng.random() < 0.6:
        maps = np.einsum("ab,byx->ayx", _coupling(coils, rng.uniform(0.02, 0.2), rng), maps)
    if rng.random() < 0.5:  # the head itself bends the field a little
        maps = maps * np.exp(_smooth(rng, 0.25) + 1j * _smooth(rng, 0.5))
    rss = np.sqrt((np.abs(maps) ** 2).sum(0))
    middle = rss[GRID // 4 : -GRID // 4, GRID // 4 : -GRID // 4]
    return np.asarray(maps / np.median(middle), np.complex64)


def noise_mixing(coils: int, rng: np.random.Generator) -> ComplexArray:
    """Matrix (coils, coils) that white noise is multiplied by: uneven coils, neighbours correlated."""
    level = np.exp(rng.normal(0, rng.uniform(0.0, 0.35), coils))
    mixing = np.diag(level) @ _coupling(coils, rng.uniform(0.0, 0.25), rng)
    power = (np.abs(mixing) ** 2).sum() / coils
    return np.asarray(mixing / np.sqrt(power), np.complex64)


def _coupling(coils: int, strength: float, rng: np.random.Generator) -> npt.NDArray[np.complex128]:
    distance = np.abs(np.arange(coils)[:, None] - np.arange(coils))
    distance = np.minimum(distance, coils - distance)
    random = rng.normal(size=(coils, coils)) + 1j * rng.normal(size=(coils, coils))
    return np.eye(coils) + strength * random * np.exp(-(np.maximum(distance, 1) - 1)) * (distance > 0)


def uniform_map(rng: np.random.Generator) -> ComplexArray:
    """Sensitivity (1, 48, 48) of a volume coil, or of coils that a scanner has combined: nearly the same everywhere."""
    return np.asarray(np.exp(_smooth(rng, 0.08) + 1j * _smooth(rng, 0.3))[None], np.complex64)


def _plane(rng: np.random.Generator, body_mm: FloatArray) -> FloatArray:
    """Points (48, 48, 3) in mm of a field of view across a body."""
    normal = int(rng.choice([2, 1, 0], p=[0.64, 0.18, 0.18]))
    first, second = [(1, 2), (0, 2), (0, 1)][normal]
    axes = np.zeros((2, 3))
    axes[0, second], axes[1, first] = 1.0, 1.0
    axes[:, normal] = rng.normal(0, 0.25, 2)
    loose = rng.uniform(0.97, 1.5) if body_mm is HEAD_MM else rng.uniform(0.75, 2.0)
    half = body_mm[[second, first]] * loose * np.exp(rng.normal(0, 0.08, 2))
    y, x = (np.linspace(-h, h, GRID) for h in half)
    middle = np.zeros(3)
    middle[normal] = rng.uniform(-0.55, 0.75) * body_mm[normal]
    middle[[second, first]] += rng.normal(0, 8.0, 2)
    return middle + y[:, None, None] * axes[0] + x[:, None] * axes[1]


def _loops(coils: int, rng: np.random.Generator, body_mm: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centres (coils, 3), unit normals (coils, 3) and radii (coils,) in mm."""
    most = 1 if coils < 6 else 2 if coils < 12 else 3
    rings = int(rng.integers(1, most + 1))
    ring = np.arange(coils) % rings
    per_ring = np.ceil(coils / rings)
    angle = 2 * np.pi * ((np.arange(coils) // rings) + 0.5 * ring) / per_ring
    angle = angle + rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.25 * np.pi / per_ring, coils)
    height = (ring - (rings - 1) / 2) * rng.uniform(0.5, 0.9) + rng.normal(0, 0.12, coils) + rng.normal(0, 0.15)
    height = np.clip(height, -0.9, 0.9)
    reach = rng.uniform(1.18, 1.6) * np.exp(rng.normal(0, 0.06, coils))
    # a helmet closes in towards the crown, a birdcage of loops does not
    taper = np.sqrt(1 - height**2) if rng.random() < 0.5 else np.ones(coils)
    around = np.stack([np.cos(angle) * taper, np.sin(angle) * taper, height], 1)
    centres = around * body_mm * reach[:, None]
    normals = -around + rng.normal(0, 0.3, (coils, 3))
    normals[:, 2] *= rng.uniform(0.2, 1.0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    size = float(body_mm[:2].mean() / HEAD_MM[:2].mean())  # of a loop, beside one for a head
    usual = size * np.clip(260.0 / per_ring, 32.0, 95.0) * rng.uniform(0.75, 1.3)
    return centres, normals, usual * np.exp(rng.normal(0, 0.12, coils))


def _field(points: FloatArray, centre: FloatArray, normal: FloatArray, radius: float) -> npt.NDArray[np.complex128]:
    """``Bx - iBy`` of a loop of unit current, up to a constant."""
    helper = np.eye(3)[np.argmin(np.abs(normal))]
    first = np.cross(normal, helper)
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    angle = 2 * np.pi * (np.arange(_SEGMENTS) + 0.5) / _SEGMENTS
    wire = centre + radius * (np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second)
    along = -np.sin(angle)[:, None] * first + np.cos(angle)[:, None] * second
    away = points[..., None, :] - wire
    cubed = ((away**2).sum(-1) + _WIRE_MM**2) ** 1.5
    x = along[:, 1] * away[..., 2] - along[:, 2] * away[..., 1]
    y = along[:, 2] * away[..., 0] - along[:, 0] * away[..., 2]
    return radius * ((x - 1j * y) / cubed).sum(-1)


def _smooth(rng: np.random.Generator, size: float) -> FloatArray:
    y, x = np.meshgrid(*[np.linspace(-1, 1, GRID)] * 2, indexing="ij")
    a = rng.normal(size=6)
    return size * (a[0] * x + a[1] * y + a[2] * x * y + a[3] * (x**2 - y**2) + a[4] * np.cos(2 * x + 2 * a[5] * y))
