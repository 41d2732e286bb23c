"""Images that a scanner sends: put together into stacks, each with its place in the patient."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from ismrmrd import Meta

from recon.doors.mrd.wire import Image
from recon.doors.mrd.wire.layout import IMAGE_HEAD
from recon.errors import ReconError, TooManyRequests, UnusableData
from recon.io.mrd.header import document_of
from recon.volumes import Geometry, Unit, Volume


@dataclass(frozen=True)
class SeriesStack:
    """The slices of one series.

    Attributes
    ----------
    volume
        In real units where the images say what those are.
    heads
        Header of each slice.
    protocols
        What the scanner wrote of each slice's protocol (``IceMiniHead``); empty where it wrote nothing.
    """

    volume: Volume
    heads: list[Any]
    protocols: list[str]


class ImagesIn:
    """The images of one session.

    Parameters
    ----------
    most_bytes
        That may be held.
    """

    def __init__(self, most_bytes: int) -> None:
        self.images: list[Image] = []
        self._most, self._held = most_bytes, 0

    def add(self, image: Image) -> None:
        """Take one.

        Raises
        ------
        TooManyRequests
            When all together are larger than may be held.
        """
        self._held += image.values.nbytes
        if self._held > self._most:
            raise TooManyRequests(f"the images are larger than {self._most / 2**30:.1f} GiB")
        self.images.append(image)

    @property
    def stacks(self) -> list[SeriesStack]:
        """One for each series, in the order in which they began.

        Raises
        ------
        UnusableData
            When the images of a series make no stack.
        """
        series: dict[int, list[Image]] = {}
        for image in self.images:
            series.setdefault(int(image.head["image_series_index"]), []).append(image)
        return [stack_of(images, number) for number, images in series.items()]


def stack_of(images: list[Image], number: int) -> SeriesStack:
    """The stack that images of one series make.

    Raises
    ------
    UnusableData
        When they differ in size or orientation, are complex, or lie in one place.
    """
    where = f"series {number}"
    shapes = {image.values.shape for image in images}
    if len(shapes) > 1 or images[0].values.shape[0] != 1:
        raise UnusableData(f"{where}: images of one channel and one size are needed")
    if any(np.iscomplexobj(image.values) for image in images):
        raise UnusableData(f"{where}: the images are complex; magnitudes are needed")
    head = images[0].head
    axes = np.array([head[name] for name in ("read_dir", "phase_dir")], float)
    for image in images:
        own = np.array([image.head[name] for name in ("read_dir", "phase_dir")], float)
        if np.abs(own - axes).max() > 1e-3:
            raise UnusableData(f"{where}: the slices are not parallel")
    if np.abs(axes @ axes.T - np.eye(2)).max() > 1e-3:
        raise UnusableData(f"{where}: the images do not say how they lie")
    normal = np.cross(*axes)
    places = np.array([image.head["position"] for image in images], float)
    order = np.argsort(places @ normal, kind="stable")
    values = np.concatenate([_real(images[i]) for i in order])
    slices, rows, columns = values.shape
    spacing = np.asarray(head["field_of_view"], float) / (columns, rows, images[0].values.shape[1])
    if not (np.isfinite(spacing).all() and (spacing > 0).all() and np.isfinite(places).all()):
        raise UnusableData(f"{where}: the images do not say how large they are or where they lie")
    step, first = normal * spacing[2], places[order[0]]
    if len(images) > 1:
        if slices != len(images):
            raise UnusableData(f"{where}: several volumes; one is needed")
        steps = np.diff(places[order], axis=0)
        step = steps.mean(axis=0)
        if np.abs(steps - step).max() > 0.05 * np.linalg.norm(step) or np.linalg.norm(step) < 1e-3:
            raise UnusableData(f"{where}: the slices are not evenly spaced")
    else:
        first = first - step * (slices // 2)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = axes[0] * spacing[0], axes[1] * spacing[1], step
    affine[:3, 3] = first - affine[:3, 0] * (columns // 2) - affine[:3, 1] * (rows // 2)
    heads = [images[i].head for i in order] if len(images) > 1 else [_of_slice(head, affine, z) for z in range(slices)]
    protocols = [_protocol(images[i]) for i in order] if len(images) > 1 else [""] * slices
    return SeriesStack(Volume(values, Geometry(affine), Unit.ARBITRARY), heads, protocols)


def _of_slice(head: Any, affine: Any, z: int) -> Any:
    """The head of one slice of a volume that came as one image."""
    made = np.array(head, IMAGE_HEAD)  # a copy; without the type it would share its memory
    columns, rows, slices = (int(side) for side in head["matrix_size"])
    made["position"] = (affine @ (columns // 2, rows // 2, z, 1))[:3]
    made["field_of_view"][2] = head["field_of_view"][2] / slices
    if slices > 1:
        made["slice"] = z
    return made[()]


def _real(image: Image) -> Any:
    """(z, y, x) in the unit that the attributes give."""
    try:
        meta = Meta.deserialize(image.attributes)
        slope, intercept = float(meta.get("RescaleSlope") or 1), float(meta.get("RescaleIntercept") or 0)
    except Exception:  # attributes that are no XML, or numbers that are none: the values as they are
        slope, intercept = 1.0, 0.0
    return (image.values[0].astype(np.float32) * np.float32(slope) + np.float32(intercept)).astype(np.float32)


def _protocol(image: Image) -> str:
    try:
        return str(Meta.deserialize(image.attributes).get("IceMiniHead") or "")
    except Exception:  # attributes that are no XML
        return ""


def scan_key(xml: bytes) -> str:
    """What ties two scans of one patient in one position; empty where the header does not tell."""
    try:
        document = document_of(xml, "the header")
    except ReconError:
        return ""
    patient = getattr(getattr(document, "subjectInformation", None), "patientID", None)
    frame = getattr(getattr(document, "measurementInformation", None), "frameOfReferenceUID", None)
    return hashlib.sha256(f"{patient}\0{frame}".encode()).hexdigest() if patient and frame else ""
