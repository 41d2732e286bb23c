"""Receive coils: the field of circular loops about the body, by Biot and Savart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recon.arrays import DoubleArray
from recon.volumes import ComplexImage

_SEGMENTS = 24


def loop_field(
    points_mm: DoubleArray, centre_mm: DoubleArray, normal: DoubleArray, radius_mm: float
) -> npt.NDArray[np.complex128]:
    """Transverse field Bx - i By of a circular loop with unit current, to within a constant.

    By reciprocity it is what the loop receives from a spin; Roemer et al., MRM 16:192 (1990).

    Parameters
    ----------
    points_mm
        (..., 3), z along the main field.
    centre_mm, normal, radius_mm
        Of the loop.
    """
    first = np.cross(normal, (0.0, 0.0, 1.0) if abs(normal[2]) < 0.9 else (1.0, 0.0, 0.0))
    first = first / np.linalg.norm(first)
    second = np.cross(normal, first)
    field = np.zeros(points_mm.shape)
    step = 2 * np.pi / _SEGMENTS
    for angle in np.arange(_SEGMENTS) * step:
        place = centre_mm + radius_mm * (np.cos(angle) * first + np.sin(angle) * second)
        current = radius_mm * step * (np.cos(angle) * second - np.sin(angle) * first)
        away = points_mm - place
        distance = np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 0.1 * radius_mm)
        field += np.cross(current, away) / distance**3
    return np.asarray(field[..., 0] - 1j * field[..., 1])


def coil_array(shape: tuple[int, int], field_mm: tuple[float, float], coils: int) -> ComplexImage:
    """Sensitivities (coils, y, x) of loops on an ellipse about an axial slice, relative to all of them.

    Their root sum of squares is 1 everywhere, so that the combined image is the object itself, as after a
    scanner's correction of surface coils.

    Parameters
    ----------
    shape
        Rows and columns.
    field_mm
        Field of view along rows' index (y) and columns' index (x).
    coils
        Number of loops; a single one is a uniform body coil.
    """
    if coils == 1:
        return np.ones((1, *shape), np.complex64)
    y, x = (((np.arange(n) - n // 2) / n) * side for n, side in zip(shape, field_mm, strict=True))
    points = np.stack([*np.broadcast_arrays(x[None, :], y[:, None]), np.zeros(shape)], axis=-1)
    half_y, half_x = (0.7 * side for side in field_mm)
    rings = 1 if coils <= 16 else 2
    maps = np.empty((coils, *shape), np.complex128)
    for coil in range(coils):
        ring, angle = coil % rings, 2 * np.pi * coil / coils
        outward = np.array([np.cos(angle), np.sin(angle), 0.0])
        height = (ring - 0.5 * (rings - 1)) * 0.5 * max(field_mm)
        centre = np.array([half_x * outward[0], half_y * outward[1], height])
        radius = min(np.pi * min(half_x, half_y) * rings / coils, 0.6 * min(half_x, half_y))
        maps[coil] = loop_field(points, centre, outward, radius)
    return np.asarray(maps / np.sqrt((np.abs(maps) ** 2).sum(0)), np.complex64)
