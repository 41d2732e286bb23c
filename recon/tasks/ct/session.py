"""One CT series on the server: chunks to slices, slices to work for the network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recon.arrays import Array
from recon.errors import InvalidRequest
from recon.probes.grid import require_room
from recon.quality.hu_plausible import hu_plausible
from recon.quality.interval import Interval, calibrated
from recon.quality.strength import ChosenStrength, choose
from recon.quality.survival import CHECK, Least, Shares, pooled
from recon.quality.verdict import Check
from recon.tasks.base import FinishedSlice, ModelFacts, Session, SliceWork, TensorSpec
from recon.tasks.chunks import SliceAssembler
from recon.tasks.ct.checks import DECLARED, DOMAIN, OF_THE_SERIES, judge_input, judge_result
from recon.tasks.ct.denoise import STRIDE, DenoisedSlice, denoise, fill, rounded
from recon.tasks.ct.probes import BLUR_MM, LEAST, in_hu, lesions_in
from recon.tasks.probe import Probe, Probes, probes_from_message, wants_maps
from recon.v1 import common_pb2, ct_pb2
from recon.volumes import Geometry
from recon.wire.messages import geometry_from_message, geometry_to_message, least_from_message
from recon.wire.planes import require_input_type

SMALLEST, LARGEST = 64, 2048
_MOST_SLICES = 100_000
_PROBE = 512
_FEW_SLICES = 8
#: Of a slice that other streams may wait for.
_QUICK_PIXELS = 640 * 640
#: Slices, pixels along both axes of each at best, and values in all that are looked at to tell whether numbers are HU.
_MOST_SAMPLED, _SAMPLED_EVERY, _MOST_VALUES = 1000, 8, 1_000_000


class CtSession(Session):
    """One CT series."""

    quick = True
    domain_checks = DOMAIN

    def __init__(self, header: ct_pb2.CtHeader, model: ModelFacts) -> None:
        self.name = header.series_name
        self.rows, self.columns, self.slices = header.rows, header.columns, header.slices
        self.surveys = header.WhichOneof("amount") == "auto_strength"
        # the survey is made at full strength, and what is chosen then holds for the series
        self.strength = header.strength if header.HasField("strength") else 1.0
        validate_header(self.rows, self.columns, self.slices, self.strength)
        if header.unit != common_pb2.UNIT_HU:
            raise InvalidRequest("unit must be UNIT_HU; convert the series to Hounsfield units", field="unit")
        self.geometry = geometry_from_message(header.geometry)
        self.probes = probes_from_message(header.probes)
        self.maps = wants_maps(header.survival, self.probes)
        self.required = least_from_message(header.required, "HU") if header.HasField("required") else LEAST
        require_room(self.required.lesion, self.geometry.spacing[:2], BLUR_MM)
        self.factor = model.conformal_factor
        dtype = require_input_type(header.sample_type)
        # who sends whole numbers gets them: rounding adds 0.3 HU to the ten or so of noise that are there
        self.whole_numbers = header.sample_type == common_pb2.SAMPLE_TYPE_INT16
        self._assembler = SliceAssembler(self.rows, self.columns, self.slices, dtype, "hu")
        self._sample: list[Array] = []
        in_all = self.rows * self.columns * min(self.slices, _MOST_SAMPLED)
        self._sampled_every = max(_SAMPLED_EVERY, math.ceil(math.sqrt(in_all / _MOST_VALUES)))
        if self.surveys:
            ahead = header.auto_strength.surveyed
            require_survey(ahead, self.probes)
            self._survey = SliceAssembler(self.rows, self.columns, ahead, dtype, "survey")

    @property
    def declared_checks(self) -> tuple[str, ...]:
        """See :class:`recon.tasks.base.Session`."""
        return DECLARED + (CHECK,) * (self.least is not None)

    @property
    def series_checks(self) -> tuple[str, ...]:
        """Whether the numbers are HU, and what became of known lesions."""
        return OF_THE_SERIES + (CHECK,) * (self.least is not None)

    @property
    def least(self) -> Least | None:
        """A small metastasis must be seen, or what the header names."""
        return None if self.probes is Probes.OFF else self.required

    @property
    def interval(self) -> Interval:
        """The network's."""
        return calibrated(self.factor)

    @property
    def quick_end(self) -> bool:
        """A short series is judged at once."""
        return self.slices <= _FEW_SLICES

    @property
    def surveyed(self) -> bool:
        """Whether all slices are in that come ahead of the series."""
        return self._survey.complete

    def survey(self, message: ct_pb2.DenoiseRequest) -> Iterable[SliceWork]:
        """Take a chunk of those; see :class:`recon.tasks.base.Session`."""
        hu = self._survey.add(_chunk(message))
        return () if hu is None else (CtWork(self._survey.next_slice - 1, hu, self),)

    def settle(self, found: Sequence[Shares]) -> ChosenStrength:
        """The most at which the lesion keeps its share."""
        chosen = choose(pooled(found), self.required)
        self.strength = chosen.strength
        return chosen

    @property
    def is_complete(self) -> bool:
        """Whether all slices are in."""
        return self._assembler.complete

    @property
    def progress(self) -> str:
        """How many slices are in."""
        return f"{self._assembler.next_slice} of {self.slices} slices"

    def add(self, message: ct_pb2.DenoiseRequest) -> Iterable[SliceWork]:
        """Take a chunk; see :class:`recon.tasks.base.Session`."""
        hu = self._assembler.add(_chunk(message))
        if hu is None:
            return ()
        if len(self._sample) < _MOST_SAMPLED:
            self._sample.append(hu[:: self._sampled_every, :: self._sampled_every].ravel())
        return (CtWork(self._assembler.next_slice - 1, hu, self),)

    def judge_series(self) -> list[Check]:
        """Whether the numbers can be HU, which one slice alone may not show."""
        return [hu_plausible(np.concatenate(self._sample))]


class CtWork(SliceWork):
    """One slice (y, x) in HU on its way through the network."""

    def __init__(self, index: int, hu: Array, session: CtSession) -> None:
        self.index, self._hu, self._session = index, hu, session
        self.probed = (session.maps or not session.surveys) and session.probes.on(index, session.slices)
        self.mapped = session.maps and self.probed
        self.quick = hu.size <= _QUICK_PIXELS and not self.mapped
        self._strength, self._factor, self._geometry = session.strength, session.factor, session.geometry
        rows, columns = (side + -side % STRIDE for side in hu.shape)
        self._inputs = {"hu": TensorSpec((1, 1, rows, columns))}
        self._outputs = {"noise_and_half_width": TensorSpec((1, 2, rows, columns), np.dtype(np.int16))}

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """The padded slice."""
        return self._inputs

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """Noise, and how far the truth may lie off, in steps."""
        return self._outputs

    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Clip to CT's range and pad to a multiple of 16."""
        fill(self._hu, self.index, tensors["hu"])

    def judge_input(self) -> list[Check]:
        """Size, spacing, range and noise of the slice."""
        return judge_input(self._hu, self._geometry)

    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Subtract the noise, scale the interval, and look at what was removed."""
        result = self._denoised(tensors)
        self._image = result.image
        checks = judge_result(self._hu, result)
        return FinishedSlice(rounded(self._hu, result.image), result.width, checks)

    def _denoised(self, tensors: Mapping[str, Array]) -> DenoisedSlice:
        return denoise(self._hu, tensors["noise_and_half_width"][0], strength=self._strength, factor=self._factor)

    def probe(self) -> Probe | None:
        """Small discs in soft tissue."""
        lesions = lesions_in(self._image, self._geometry, self._session.required.lesion, alone=self._session.maps)
        if lesions is None:
            return None
        expected = in_hu(lesions)
        with_lesions = _WithLesions(self.index, self._hu + expected, self._session)
        return Probe(with_lesions, lesions, expected, self._image)


class _WithLesions(CtWork):
    """The slice with lesions, of which the image alone is wanted."""

    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        result = self._denoised(tensors)
        return FinishedSlice(result.image, result.width, [])


def probe(model: ModelFacts) -> CtWork:
    """A slice of 512x512 pixels."""
    header = ct_pb2.CtHeader(
        rows=_PROBE,
        columns=_PROBE,
        slices=1,
        sample_type=common_pb2.SAMPLE_TYPE_INT16,
        unit=common_pb2.UNIT_HU,
        geometry=geometry_to_message(Geometry.from_spacing(0.7, 0.7, 3.0)),
    )
    return CtWork(0, np.zeros((_PROBE, _PROBE), np.float32), CtSession(header, model))


def _chunk(message: ct_pb2.DenoiseRequest) -> Any:
    if message.WhichOneof("part") != "chunk":
        raise InvalidRequest("after the header only chunks may follow", field="chunk")
    return message.chunk


def require_survey(slices: int, probes: Probes) -> None:
    """Refuse a survey from which nothing can be chosen.

    Raises
    ------
    InvalidRequest
        When no slice would be probed, or more than a series has.
    """
    if probes is Probes.OFF:
        raise InvalidRequest("an automatic strength is chosen by probes; leave them on", field="probes")
    if not 1 <= slices <= _MOST_SLICES:
        raise InvalidRequest(f"surveyed is {slices}; 1 to {_MOST_SLICES}", field="auto_strength.surveyed")


def validate_header(rows: int, columns: int, slices: int, strength: float) -> None:
    """Refuse what no slice could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for name, side in (("rows", rows), ("columns", columns)):
        if not SMALLEST <= side <= LARGEST:
            raise InvalidRequest(
                f"{name} is {side}; slices must have {SMALLEST} to {LARGEST} pixels a side", field=name
            )
    if not 1 <= slices <= _MOST_SLICES:
        raise InvalidRequest(f"slices is {slices}; a series has 1 to {_MOST_SLICES}", field="slices")
    if not 0.0 <= strength <= 1.0:
        raise InvalidRequest(f"strength is {strength}; it must lie between 0 and 1", field="strength")
