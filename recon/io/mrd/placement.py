"""Where ISMRMRD slices lie in the patient: positions are slice centres in LPS, mm."""

from __future__ import annotations

from typing import Any

import numpy as np

from recon.arrays import DoubleArray
from recon.volumes import Geometry

#: How far positions that a converter rounds to a tenth of a millimetre may be from even ones.
_ROUNDED_MM = 0.11


def axes_of(head: Any) -> tuple[DoubleArray, DoubleArray]:
    """Unit vectors along readout and phase encoding; an axial slice's where the converter set none."""
    if not is_placed(head):
        return np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    read, phase = (np.asarray(head[name], float) for name in ("read_dir", "phase_dir"))
    read, phase = read / np.linalg.norm(read), phase / np.linalg.norm(phase)
    # stored in single precision: perpendicular again
    phase = phase - read * (read @ phase)
    return read, phase / np.linalg.norm(phase)


def is_placed(head: Any) -> bool:
    """Whether a header says how its slice is turned; converters that know nothing write zeros."""
    read, phase = (np.asarray(head[name], float) for name in ("read_dir", "phase_dir"))
    lengths = np.linalg.norm(read), np.linalg.norm(phase)
    return all(abs(length - 1) <= 0.05 for length in lengths) and abs(float(read @ phase)) <= 0.1


def same_orientation(one: Any, other: Any) -> bool:
    """Whether two slices are parallel and turned alike."""
    return all(float(a @ b) > 0.9999 for a, b in zip(axes_of(one), axes_of(other), strict=True))


def ordered(heads: list[Any]) -> list[int]:
    """Order of slices along read x phase; as they are where positions don't differ."""
    read, phase = axes_of(heads[0])
    along = np.array([np.asarray(head["position"], float) @ np.cross(read, phase) for head in heads])
    if not np.isfinite(along).all() or np.ptp(along) < 1e-3:
        return list(range(len(heads)))
    return [int(i) for i in np.argsort(along, kind="stable")]


def stack_geometry(
    heads: list[Any], spacing: tuple[float, float], shown: tuple[int, int], thickness: float
) -> tuple[Geometry, str]:
    """Columns along the readout, rows along the phase encoding, slices in the order given.

    Parameters
    ----------
    heads
        First acquisition of each slice.
    spacing
        Of columns and rows, mm.
    shown
        Columns and rows of the image; pixel n // 2 lies at the position.
    thickness
        Distance between slices where their positions don't tell, mm.

    Returns
    -------
    geometry, note
        The note says what does not fit a regular stack; empty where all does.
    """
    read, phase = axes_of(heads[0])
    normal = np.cross(read, phase)
    places = np.array([np.asarray(head["position"], float) for head in heads])
    note = ""
    if not np.isfinite(places).all():
        places, note = np.zeros_like(places), "positions are not finite numbers and left out"
    step = normal * thickness
    if len(heads) > 1:
        steps = np.diff(places, axis=0)
        mean = (places[-1] - places[0]) / (len(heads) - 1)
        if np.linalg.norm(mean) > 1e-3:
            step = mean
            if np.abs(steps - mean).max() > max(0.05 * np.linalg.norm(mean), _ROUNDED_MM):
                note = "slices are not evenly spaced; the volume has their mean distance"
        else:
            note = "all slices have one position; the header's slice thickness is taken for their distance"
    return _affine(read * spacing[0], phase * spacing[1], step, places[0], shown), note


def volume_geometry(head: Any, spacing: tuple[float, float, float], shown: tuple[int, int, int]) -> Geometry:
    """A 3D scan about its position; columns along the readout, rows and slices along the encoding steps."""
    read, phase = axes_of(head)
    normal = np.cross(read, phase)
    slices = np.asarray(head["slice_dir"], float)
    if float(slices @ normal) < -0.5:  # partitions counted the other way
        normal = -normal
    place = np.nan_to_num(np.asarray(head["position"], float))
    first = place - normal * spacing[2] * (shown[2] // 2)
    return _affine(read * spacing[0], phase * spacing[1], normal * spacing[2], first, shown[:2])


def _affine(
    column: DoubleArray, row: DoubleArray, step: DoubleArray, centre: DoubleArray, shown: tuple[int, int]
) -> Geometry:
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = column, row, step
    affine[:3, 3] = centre - column * (shown[0] // 2) - row * (shown[1] // 2)
    return Geometry(affine)
