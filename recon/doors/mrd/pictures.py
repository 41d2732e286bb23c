"""Where a finished slice belongs: its place in the patient and among the scan's counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recon.doors.mrd.wire.layout import IMAGE_HEAD
from recon.quality.verdict import Check, Verdict
from recon.values.result import ModelIdentity
from recon.volumes import ComplexImage, FloatImage, Geometry

#: What a picture shows.
IMAGE, INTERVAL, COMPLEX = "image", "interval", "complex"
_COPIED = (
    "measurement_uid",
    "patient_table_position",
    "acquisition_time_stamp",
    "physiology_time_stamp",
    "user_int",
    "user_float",
)
_COUNTED = ("average", "slice", "contrast", "phase", "repetition", "set")


@dataclass(frozen=True)
class Picture:
    """One image to be sent.

    Attributes
    ----------
    kind
        :data:`IMAGE`, or :data:`INTERVAL` for the half-width of the 90 % interval, or :data:`COMPLEX`.
    name
        For a person: which slice of what.
    place
        Geometry, counters and time stamps as an image header; the rest of it is not used.
    values
        (y, x), x along the readout.
    verdict, checks, model
        Of the slice.
    notes
        What a person should know of it.
    protocol
        What the scanner wrote of the image that it takes the place of; goes back with it.
    """

    kind: str
    name: str
    place: Any
    values: FloatImage | ComplexImage
    verdict: Verdict
    checks: list[Check]
    model: ModelIdentity | None = None
    notes: tuple[str, ...] = field(default=())
    protocol: str = ""

    @property
    def words(self) -> str:
        """The verdict, and of each check that failed what it says."""
        failed = [said(check) for check in self.checks if check.outcome != Verdict.PASS]
        return "; ".join([self.verdict.name, *failed, *self.notes])


def said(check: Check) -> str:
    """A check with what was measured, its limits and what that means."""
    limits = [f"at least {check.lower:.3g}"] if check.lower is not None else []
    limits += [f"at most {check.upper:.3g}"] if check.upper is not None else []
    within = f" ({', '.join(limits)})" if limits else ""
    return f"{check.name} {check.value:.3g}{' ' if check.unit else ''}{check.unit}{within}: {check.message}"


def place_of(acquisition: Any, geometry: Geometry, shape: tuple[int, int], thickness: float, z: int | None) -> Any:
    """The place of one slice.

    Parameters
    ----------
    acquisition
        Header of a readout of it.
    geometry
        Of the stack that it is in, columns along the readout.
    shape
        Rows and columns.
    thickness
        mm.
    z
        Which slice of a slab; None for a slice of its own, which lies where its readouts say.

    Returns
    -------
    numpy.void
        Of type ``IMAGE_HEAD``; its position is that of pixel n // 2.
    """
    head = np.zeros((), IMAGE_HEAD)
    for name in _COPIED:
        head[name] = acquisition[name]
    for name in _COUNTED:
        head[name] = acquisition["idx"][name]
    head["average"] = 0  # averages are in one image
    rows, columns = shape
    spacing = geometry.spacing
    head["field_of_view"] = columns * spacing[0], rows * spacing[1], thickness
    axes = geometry.affine[:3, :2] / np.asarray(spacing[:2])
    told = np.array([acquisition[name] for name in ("read_dir", "phase_dir", "slice_dir")], float)
    as_told = bool(np.abs(told[:2] - axes.T).max() < 1e-3)
    directions = told if as_told else np.vstack([axes.T, np.cross(axes[:, 0], axes[:, 1])])
    if as_told and abs(float(np.linalg.norm(told[2])) - 1) > 0.05:
        directions[2] = np.cross(told[0], told[1])
    for name, direction in zip(("read_dir", "phase_dir", "slice_dir"), directions, strict=True):
        head[name] = direction
    centre = geometry.affine @ (columns // 2, rows // 2, z or 0, 1)
    head["position"] = centre[:3]
    if z is None and np.isfinite(acquisition["position"]).all():
        head["position"] = acquisition["position"]
    if z is not None:
        head["slice"] = z
    return head[()]
