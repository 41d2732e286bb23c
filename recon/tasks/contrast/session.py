"""Two scans of one head on the server: they come in, are aligned, and become work for the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from recon.errors import InvalidRequest, UnusableData
from recon.quality.interval import Interval, calibrated
from recon.quality.survival import CHECK, Least
from recon.quality.verdict import Check
from recon.tasks.base import ModelFacts, Session, SliceWork
from recon.tasks.chunks import SliceAssembler
from recon.tasks.contrast.checks import DOMAIN, OF_A_SLICE, OF_THE_PAIR
from recon.tasks.contrast.features import FEWEST_VOXELS, foreground, halo
from recon.tasks.contrast.probes import LEAST
from recon.tasks.contrast.slices import SLAB, AlignedPair
from recon.tasks.probe import Probes, probes_from_message
from recon.v1 import contrast_pb2
from recon.volumes import Geometry, Unit, Volume
from recon.wire.messages import geometry_from_message
from recon.wire.planes import require_input_type

SMALLEST, LARGEST = 32, 1024
FEWEST_SLICES, MOST_SLICES = 5, 2048
MOST_VOXELS = 2**28
#: Of each scan: as it came, on its way to the process that aligns, aligned, and what that needs for a while.
_BYTES_A_VOXEL = 24
DOSE_FRACTIONS = (0.05, 0.5)
#: Sides of a voxel, mm, and the longest over the shortest.
VOXEL_MM, MOST_ANISOTROPIC = (0.2, 10.0), 20.0
#: A scan is matched in blocks of 3 mm: of a few of them at least.
LEAST_EXTENT_MM = 10.0
#: Smoothing in the plane, regression, alignment; and smoothing across slices as thick as pixels are wide.
_OPERATIONS_A_VOXEL, _OPERATIONS_ACROSS = 600, 70


class ContrastSession(Session):
    """Two scans of one head; work begins when both are in."""

    unit = Unit.ARBITRARY
    quick = True
    domain_checks = DOMAIN

    def __init__(self, header: contrast_pb2.ContrastHeader, model: ModelFacts) -> None:
        self.name = header.series_name
        self.rows, self.columns, self.slices = header.rows, header.columns, header.slices
        low_shape = (header.low_slices, header.low_rows, header.low_columns)
        self.dose_fraction = header.dose_fraction if header.HasField("dose_fraction") else 0.1
        validate_header((self.slices, self.rows, self.columns), low_shape, self.dose_fraction)
        self.geometry = geometry_from_message(header.geometry)
        low_geometry = geometry_from_message(header.low_geometry)
        for name, shape, geometry in (
            ("geometry", (self.slices, self.rows, self.columns), self.geometry),
            ("low_geometry", low_shape, low_geometry),
        ):
            require_head_scan(name, shape, geometry)
        require_same_voxels((self.slices, self.rows, self.columns), self.geometry, low_shape, low_geometry)
        self.probes = probes_from_message(header.probes)
        self.maps = header.survival and self.probes is not Probes.OFF
        self.factor = model.conformal_factor
        dtype = require_input_type(header.sample_type)
        self._pre = Volume(np.zeros((self.slices, self.rows, self.columns), np.float32), self.geometry, Unit.ARBITRARY)
        self._low = Volume(np.zeros(low_shape, np.float32), low_geometry, Unit.ARBITRARY)
        self._assemblers = [
            (SliceAssembler(self.rows, self.columns, self.slices, dtype, "pre"), self._pre),
            (SliceAssembler(low_shape[1], low_shape[2], low_shape[0], dtype, "low"), self._low),
        ]
        self._matched: AlignedPair | None = None
        self._checks: list[Check] = []

    def held_bytes(self, read_ahead: int) -> int:
        """Both scans, aligned and smoothed, beside the slices on their way."""
        voxels = self._pre.values.size + self._low.values.size
        return super().held_bytes(read_ahead) + _BYTES_A_VOXEL * voxels

    @property
    def operations(self) -> float:
        """Of features for all slices, made slab by slab with what lies around each."""
        aspect = self.geometry.spacing[2] / self.geometry.spacing[0]
        repeated = 1 + min(2 * halo(aspect), self.slices) / SLAB
        voxels = self._pre.values.size
        return max(super().operations, voxels * repeated * (_OPERATIONS_A_VOXEL + _OPERATIONS_ACROSS / aspect))

    @property
    def declared_checks(self) -> tuple[str, ...]:
        """See :class:`recon.tasks.base.Session`."""
        return (*OF_THE_PAIR, *OF_A_SLICE, *(CHECK,) * (self.least is not None))

    @property
    def series_checks(self) -> tuple[str, ...]:
        """What the two scans as a whole show, and what became of known lesions."""
        return (*OF_THE_PAIR, *(CHECK,) * (self.least is not None))

    @property
    def least(self) -> Least | None:
        """A small metastasis must be seen."""
        return None if self.probes is Probes.OFF else LEAST

    @property
    def interval(self) -> Interval:
        """The network's."""
        return calibrated(self.factor)

    @property
    def is_complete(self) -> bool:
        """Whether both scans are in."""
        return all(assembler.complete for assembler, _ in self._assemblers)

    @property
    def progress(self) -> str:
        """How many slices of each scan are in."""
        return " and ".join(f"{a.next_slice} of {a.slices} slices of {a.name!r}" for a, _ in self._assemblers)

    def add(self, message: contrast_pb2.SynthesizeRequest) -> Iterable[SliceWork]:
        """Take a chunk; see :class:`recon.tasks.base.Session`."""
        if message.WhichOneof("part") != "chunk":
            raise InvalidRequest("after the header only chunks may follow", field="chunk")
        assembler, volume = self._assemblers[0] if not self._assemblers[0][0].complete else self._assemblers[1]
        plane = assembler.add(message.chunk)
        if plane is not None:
            volume.values[assembler.next_slice - 1] = plane
        return ()

    def whole(self) -> Callable[[], AlignedPair]:
        """Align, match and judge the two scans."""
        return partial(matched_pair, self._pre, self._low, self.dose_fraction)

    def take(self, made: AlignedPair) -> None:
        """See :class:`recon.tasks.base.Session`."""
        self._matched = made
        self._low = self._pre  # the scan as it came is not needed any more
        self._checks = made.checks

    def complete(self) -> Iterator[SliceWork]:
        """Hand out one slice after the other."""
        if self._matched is None:
            self.take(self.whole()())
        assert self._matched is not None
        yield from self._matched.beside(self._pre.values).work(self.factor, self.probes, maps=self.maps)

    def judge_series(self) -> list[Check]:
        """What the two scans as a whole show."""
        return self._checks


def matched_pair(pre: Volume, low: Volume, dose_fraction: float) -> AlignedPair:
    """Align, match and judge two scans, all of which takes both of them whole.

    Raises
    ------
    UnusableData
        When one of them can't be used.
    """
    for name, volume in (("pre", pre), ("low", low)):
        require_samples(name, volume)
    pair = AlignedPair.of(pre, low, dose_fraction)
    assert len(pair.anatomy)  # once, for all slices
    return pair.beside(pre.values[:0])  # whoever asked has that scan


def validate_header(shape: tuple[int, int, int], low_shape: tuple[int, int, int], dose_fraction: float) -> None:
    """Refuse what no pair of scans could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for prefix, (slices, rows, columns) in (("", shape), ("low_", low_shape)):
        for name, side in (("rows", rows), ("columns", columns)):
            if not SMALLEST <= side <= LARGEST:
                raise InvalidRequest(
                    f"{prefix}{name} is {side}; slices must have {SMALLEST} to {LARGEST} pixels a side",
                    field=f"{prefix}{name}",
                )
        if not FEWEST_SLICES <= slices <= MOST_SLICES:
            raise InvalidRequest(
                f"{prefix}slices is {slices}; a scan has {FEWEST_SLICES} to {MOST_SLICES}", field=f"{prefix}slices"
            )
        if slices * rows * columns > MOST_VOXELS:
            raise InvalidRequest(f"{prefix}slices: more than {MOST_VOXELS} voxels", field=f"{prefix}slices")
    if not DOSE_FRACTIONS[0] <= dose_fraction <= DOSE_FRACTIONS[1]:
        raise InvalidRequest(
            f"dose_fraction is {dose_fraction:g}; it must lie between {DOSE_FRACTIONS[0]} and {DOSE_FRACTIONS[1]} "
            "(dose given over the full dose)",
            field="dose_fraction",
        )


def require_head_scan(name: str, shape: tuple[int, int, int], geometry: Geometry) -> None:
    """Refuse voxels and extents that no scan of a head has, on which smoothing would take for ever.

    Parameters
    ----------
    name
        Of the field.
    shape
        (slices, rows, columns).
    geometry
        Of the scan.

    Raises
    ------
    InvalidRequest
        Naming what is out of bounds, and the bounds.
    """
    spacing, (least, most) = geometry.spacing, VOXEL_MM
    for words, step in zip(("columns", "rows", "slices"), spacing, strict=True):
        if not least <= step <= most:
            raise InvalidRequest(f"{name}: {words} lie {step:.4g} mm apart; {least:g} to {most:g} mm", field=name)
    if max(spacing) > MOST_ANISOTROPIC * min(spacing):
        raise InvalidRequest(
            f"{name}: a voxel's longest side is {max(spacing) / min(spacing):.4g} times its shortest; at most "
            f"{MOST_ANISOTROPIC:g}",
            field=name,
        )
    for words, step, count in zip(("columns", "rows", "slices"), spacing, shape[::-1], strict=True):
        if step * count < LEAST_EXTENT_MM:
            raise InvalidRequest(
                f"{name}: {count} {words} cover {step * count:.4g} mm; at least {LEAST_EXTENT_MM:g} mm", field=name
            )


def require_same_voxels(
    shape: tuple[int, int, int], geometry: Geometry, low_shape: tuple[int, int, int], low_geometry: Geometry
) -> None:
    """Refuse scans of different matrix or voxel size, in whatever order their axes are.

    Raises
    ------
    InvalidRequest
        Saying what differs.
    """
    if sorted(shape) != sorted(low_shape):
        words = ["x".join(str(side) for side in (s[2], s[1], s[0])) for s in (shape, low_shape)]
        raise InvalidRequest(
            f"pre has {words[0]} voxels, low has {words[1]}; both scans must be complete and of the same matrix",
            field="low_slices",
        )
    ours, theirs = sorted(geometry.spacing), sorted(low_geometry.spacing)
    if not np.allclose(ours, theirs, rtol=0.03):
        sizes = ["x".join(f"{step:.3g}" for step in g.spacing) for g in (geometry, low_geometry)]
        raise InvalidRequest(
            f"pre has voxels of {sizes[0]} mm, low of {sizes[1]} mm; both scans must be of the same resolution",
            field="low_geometry",
        )


def require_samples(name: str, volume: Volume) -> None:
    """Refuse scans that hold nothing to work on.

    Raises
    ------
    UnusableData
        When samples are NaN or infinite, or all alike.
    """
    least = most = float(volume.values.flat[0])
    for index, plane in enumerate(volume.values):
        low, high = float(plane.min()), float(plane.max())
        if not np.isfinite(low + high):
            bad = int(plane.size - np.isfinite(plane).sum())
            raise UnusableData(
                f"slice {index} of {name} has {bad} NaN or infinite samples; export the scan again", field="data"
            )
        least, most = min(least, low), max(most, high)
    if least == most:
        raise UnusableData(f"{name} has the value {most:g} everywhere; nothing was measured", field="data")
    if len(foreground(volume.values)) < FEWEST_VOXELS:
        raise UnusableData(f"{name} has hardly a sample above 0; a T1-weighted magnitude scan is needed", field="data")
