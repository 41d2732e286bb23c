"""Two scans of one head on the server: they come in, are aligned, and become work for the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from recon.errors import InvalidRequest, UnusableData
from recon.probes.grid import require_room
from recon.quality.interval import Interval, calibrated
from recon.quality.strength import ChosenStrength, choose
from recon.quality.survival import CHECK, Least, Lesion, Shares, pooled
from recon.quality.verdict import Check
from recon.tasks.base import ModelFacts, Session, SliceWork
from recon.tasks.chunks import SliceAssembler
from recon.tasks.contrast.blend import kept_by_smoothing
from recon.tasks.contrast.checks import DOMAIN, OF_A_SLICE, OF_THE_PAIR
from recon.tasks.contrast.features import FEWEST_VOXELS, foreground, halo
from recon.tasks.contrast.header import require_head_scan, require_same_voxels, validate_header
from recon.tasks.contrast.probes import LESIONS, blur_of, least_in
from recon.tasks.contrast.slices import SLAB, AlignedPair
from recon.tasks.contrast.wanted import Wanted
from recon.tasks.probe import Probes, probes_from_message, wants_maps
from recon.v1 import contrast_pb2
from recon.volumes import Unit, Volume
from recon.wire.messages import geometry_from_message, least_from_message
from recon.wire.planes import require_input_type

#: Of each scan: as it came, on its way to the process that aligns, changed there, and on its way back.
_BYTES_A_VOXEL = 16
#: Of features: of a slab with what lies around it, and of the one before, whose slices are on their way.
_BYTES_A_PIXEL = 1500
#: Smoothing in the plane, regression, alignment; and smoothing across slices as thick as pixels are wide.
_OPERATIONS_A_VOXEL, _OPERATIONS_ACROSS = 600, 70


class ContrastSession(Session):
    """Two scans of one head; work begins when both are in."""

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
        self.surveys = header.WhichOneof("amount") == "auto_strength"
        # the survey is made at full strength, and what is chosen then holds for the series
        self.strength = header.strength if header.HasField("strength") else 1.0
        if not 0.0 <= self.strength <= 1.0:
            raise InvalidRequest(f"strength is {self.strength}; it must lie between 0 and 1", field="strength")
        self.probes = probes_from_message(header.probes)
        if self.surveys and self.probes is Probes.OFF:
            raise InvalidRequest("an automatic strength is chosen by probes; leave them on", field="probes")
        self.maps = wants_maps(header.survival, self.probes)
        self.required = least_in(self.geometry.spacing)  # of voxels finer than any scan's its pictures may touch
        if header.HasField("required"):
            self.required = least_from_message(header.required, LESIONS[0].unit)
            require_room(self.required.lesion, self.geometry.spacing[:2], blur_of(self.geometry.spacing))
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
        """Both scans, and the features of two slabs, beside the slices on their way."""
        voxels = self._pre.values.size + self._low.values.size
        features = _BYTES_A_PIXEL * self.rows * self.columns
        return super().held_bytes(read_ahead) + _BYTES_A_VOXEL * voxels + features

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
        """A small metastasis must be seen, or what the header names."""
        return None if self.probes is Probes.OFF else self.required

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

    @property
    def surveyed(self) -> bool:
        """Slices are probed when both scans are in."""
        return self.is_complete

    def survey(self, message: contrast_pb2.SynthesizeRequest) -> Iterable[SliceWork]:
        """Take a chunk of the scans; see :class:`recon.tasks.base.Session`."""
        return self.add(message)

    def survey_whole(self) -> Iterator[SliceWork]:
        """Those slices that are probed."""
        yield from self._pair().probed(self.factor, self._wanted())

    def rest(self, lesion: Lesion) -> float:
        """What is kept by smoothing the difference, beside what the low-dose scan itself shows."""
        shown = 0.5 * self.dose_fraction  # the result is the mean of both scans and what is added to it
        return shown + (1 - shown) * kept_by_smoothing(lesion, self.geometry.spacing)

    def settle(self, found: Sequence[Shares]) -> ChosenStrength:
        """The most of the network's result at which the lesion keeps its share."""
        chosen = choose(pooled(found), self.required, self.rest(self.required.lesion))
        self.strength = chosen.strength
        return chosen

    def whole(self) -> Callable[[], AlignedPair] | None:
        """Align, match and judge the two scans, unless a survey has needed that already."""
        return None if self._matched is not None else partial(matched_pair, self._pre, self._low, self.dose_fraction)

    def take(self, made: AlignedPair) -> None:
        """See :class:`recon.tasks.base.Session`."""
        self._matched = made
        self._low = self._pre  # the scan as it came is not needed any more
        self._checks = made.checks

    def complete(self) -> Iterator[SliceWork]:
        """Hand out one slice after the other."""
        wanted = self._wanted()
        if self.surveys and not self.maps:  # what is kept is known, and not probed again
            wanted = replace(wanted, probes=Probes.OFF)
        yield from self._pair().work(self.factor, wanted)

    def _wanted(self) -> Wanted:
        return Wanted(self.strength, self.probes, self.maps, self.required.lesion)

    def _pair(self) -> AlignedPair:
        if (whole := self.whole()) is not None:
            self.take(whole())
        assert self._matched is not None
        return self._matched.beside(self._pre.values)

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
