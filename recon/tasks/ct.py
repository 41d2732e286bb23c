"""Low-dose CT: slices in HU to tensors, and the network's answer to images with a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from recon.errors import InvalidRequest, UnusableData
from recon.quality.hu_plausible import hu_plausible
from recon.quality.noise_level import TISSUE_HU, tissue_noise
from recon.quality.removed import edge_energy_ratio
from recon.quality.verdict import Check, Verdict, measure, unmeasured
from recon.tasks.base import Array, FinishedSlice, ModelFacts, Session, SliceWork, Task, TensorSpec
from recon.tasks.chunks import SliceAssembler
from recon.v1 import common_pb2, ct_pb2
from recon.volumes import FloatImage, Geometry, Unit
from recon.wire.messages import geometry_from_message, geometry_to_message
from recon.wire.planes import require_input_type

SMALLEST, LARGEST = 64, 2048
STRIDE = 16
#: The network answers in whole steps of this.
STEP_HU = 1 / 16
AIR_HU, DENSEST_HU = -1024.0, 3071.0
#: Values below this are no measurement: scanners fill what lies outside the field of view with them.
PADDING_HU = -1500.0
_LEAST_TISSUE = 0.005
_PROBE = 512
#: Slices, and pixels along both axes of each, that are looked at to tell whether numbers are HU.
_MOST_SAMPLED, _SAMPLED_EVERY = 1000, 8


@dataclass(frozen=True)
class Limits:
    """Where the model has been shown to work; what lies outside goes to REVIEW."""

    noise_hu: tuple[float, float] = (1.5, 75.0)
    matrix: tuple[float, float] = (128, 1024)
    spacing_mm: tuple[float, float] = (0.35, 1.5)
    edge_energy: float = 1.5
    shift_hu: float = 1.0
    uncertainty_hu: float = 60.0
    out_of_range_share: float = 0.02


LIMITS = Limits()


class CtTask(Task):
    """Denoises series slice by slice."""

    name = "ct"

    def open(self, header: ct_pb2.CtHeader, model: ModelFacts) -> CtSession:
        """Check the header and begin; see :class:`recon.tasks.base.Task`."""
        return CtSession(header, model)

    def probe(self, model: ModelFacts) -> SliceWork:
        """A slice of 512x512 pixels."""
        header = ct_pb2.CtHeader(
            rows=_PROBE, columns=_PROBE, slices=1, sample_type=common_pb2.SAMPLE_TYPE_INT16, unit=common_pb2.UNIT_HU,
            geometry=geometry_to_message(Geometry.from_spacing(0.7, 0.7, 3.0)),
        )  # fmt: skip
        return CtWork(0, np.zeros((_PROBE, _PROBE), np.float32), self.open(header, model))


class CtSession(Session):
    """One CT series."""

    unit = Unit.HU

    def __init__(self, header: ct_pb2.CtHeader, model: ModelFacts) -> None:
        self.name = header.series_name
        self.rows, self.columns, self.slices = header.rows, header.columns, header.slices
        self.strength = header.strength if header.HasField("strength") else 1.0
        validate_header(self.rows, self.columns, self.slices, self.strength)
        if header.unit != common_pb2.UNIT_HU:
            raise InvalidRequest("unit must be UNIT_HU; convert the series to Hounsfield units", field="unit")
        self.geometry = geometry_from_message(header.geometry)
        self.factor = model.conformal_factor
        dtype = require_input_type(header.sample_type)
        # who sends whole numbers gets them: rounding adds 0.3 HU to the ten or so of noise that are there
        self.whole_numbers = header.sample_type == common_pb2.SAMPLE_TYPE_INT16
        self._assembler = SliceAssembler(self.rows, self.columns, self.slices, dtype, "hu")
        self._sample: list[FloatImage] = []

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
        if message.WhichOneof("part") != "chunk":
            raise InvalidRequest("after the header only chunks may follow", field="chunk")
        hu = self._assembler.add(message.chunk)
        if hu is None:
            return ()
        if len(self._sample) < _MOST_SAMPLED:
            self._sample.append(hu[::_SAMPLED_EVERY, ::_SAMPLED_EVERY].ravel())
        return (CtWork(self._assembler.next_slice - 1, hu, self),)

    def judge_series(self) -> list[Check]:
        """Whether the numbers can be HU, which one slice alone may not show."""
        return [hu_plausible(np.concatenate(self._sample))]


class CtWork(SliceWork):
    """One slice (y, x) in HU on its way through the network."""

    quick = True

    def __init__(self, index: int, hu: FloatImage, session: CtSession) -> None:
        self.index, self._hu = index, hu
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
        result = denoise(self._hu, tensors["noise_and_half_width"][0], strength=self._strength, factor=self._factor)
        return FinishedSlice(result.image, result.uncertainty, judge_result(self._hu, result))


@dataclass(frozen=True)
class DenoisedSlice:
    """What the network made of one slice.

    Attributes
    ----------
    image
        (y, x) float32, HU.
    uncertainty
        (y, x) float32, HU: half the width of the 90 % interval around ``image``.
    noise
        (y, x) float32, HU: what full strength removes.
    """

    image: FloatImage
    uncertainty: FloatImage
    noise: FloatImage


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
    if not 1 <= slices <= 100_000:
        raise InvalidRequest(f"slices is {slices}; a series has 1 to 100000", field="slices")
    if not 0.0 <= strength <= 1.0:
        raise InvalidRequest(f"strength is {strength}; it must lie between 0 and 1", field="strength")


def fill(hu: FloatImage, index: int, out: Array) -> None:
    """Write the network's input: clipped to CT's range, mirrored at the far edges.

    Parameters
    ----------
    hu
        (y, x) in HU.
    index
        Number of the slice, for the error message.
    out
        (1, 1, y', x') float32, y' and x' at least y and x.

    Raises
    ------
    UnusableData
        When samples are NaN or infinite.
    """
    low, high = float(hu.min()), float(hu.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(hu.size - np.isfinite(hu).sum())
        raise UnusableData(
            f"slice {index} has {bad} NaN or infinite samples; replace them before denoising", field="data"
        )
    (rows, columns), plane = hu.shape, out[0, 0]
    np.clip(hu, AIR_HU, DENSEST_HU, out=plane[:rows, :columns])
    below, right = plane.shape[0] - rows, plane.shape[1] - columns
    if right:
        plane[:rows, columns:] = plane[:rows, columns - 2 : columns - 2 - right : -1]
    if below:
        plane[rows:] = plane[rows - 2 : rows - 2 - below : -1]


def denoise(hu: FloatImage, output: Array, *, strength: float, factor: float) -> DenoisedSlice:
    """Subtract the noise and scale the interval.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    output
        (2, y', x') int16 of the network: noise, and half the width of the interval, in :data:`STEP_HU`.
    strength
        Share of the noise to remove. The interval grows by what was left in.
    factor
        Conformal factor of the model.
    """
    rows, columns = hu.shape
    # a step is a power of two: in single precision every product here is exact
    noise = np.multiply(output[0, :rows, :columns], STEP_HU, dtype=np.float32)
    padding = hu < PADDING_HU
    any_padding = bool(padding.any())
    if any_padding:
        noise[padding] = 0
    image = hu - noise * np.float32(strength) if strength < 1.0 else hu - noise
    uncertainty = np.multiply(output[1, :rows, :columns], STEP_HU * factor, dtype=np.float32)
    if strength < 1.0:
        uncertainty += np.float32(1.0 - strength) * np.abs(noise)
    if any_padding:
        uncertainty[padding] = 0
    return DenoisedSlice(image, uncertainty, noise)


def tissue_share(hu: FloatImage) -> float:
    """Share of pixels with the HU of soft tissue; of every second pixel, which is as good and cheaper."""
    sparse = hu[::2, ::2]
    return float(((sparse > TISSUE_HU[0]) & (sparse < TISSUE_HU[1])).mean())


def judge_input(hu: FloatImage, geometry: Geometry) -> list[Check]:
    """What can be measured on the input, each against the range of the training."""
    limits, sparse = LIMITS, hu[::2, ::2]
    level = tissue_noise(hu)
    checks = [
        measure(
            "hu_range", float(((sparse < -3100) | (sparse > 20000)).mean()), unit="", upper=limits.out_of_range_share,
            severity=Verdict.REJECT, message="share of pixels that no CT number scale has",
        ),
        measure(
            "tissue_share", tissue_share(hu), unit="", lower=_LEAST_TISSUE,
            message="share of pixels with the HU of soft tissue",
        ),
        measure(
            "matrix_size", float(min(hu.shape)), unit="px", lower=limits.matrix[0], upper=limits.matrix[1],
            message="shorter side of the slice",
        ),
        measure(
            "pixel_spacing", max(geometry.spacing[:2]), unit="mm", lower=limits.spacing_mm[0],
            upper=limits.spacing_mm[1], message="distance between pixels",
        ),
    ]  # fmt: skip
    if np.isfinite(level):
        words, (low, high) = "noise of the input in soft tissue, against the range of the training", limits.noise_hu
        checks.append(measure("noise_level", level, unit="HU", lower=low, upper=high, message=words))
    else:
        checks.append(unmeasured("noise_level", unit="HU", why="too little soft tissue to measure the noise in"))
    return checks


def judge_result(hu: FloatImage, result: DenoisedSlice) -> list[Check]:
    """Whether what was removed looks like noise, judged at full strength whatever share the caller wants.

    Parameters
    ----------
    hu
        (y, x) the input slice in HU.
    result
        Of :func:`denoise`.
    """
    limits, sparse = LIMITS, np.s_[::2, ::2]
    image, noise, uncertainty = result.image[sparse], result.noise[sparse], result.uncertainty[sparse]
    tissue = (image > TISSUE_HU[0]) & (image < TISSUE_HU[1])
    if tissue.mean() < _LEAST_TISSUE:
        return []  # tissue_share says so
    checks = [
        measure(
            "hu_shift", abs(float(noise[tissue].mean())), unit="HU", upper=limits.shift_hu,
            message="mean change of soft tissue",
        ),
        measure(
            "mean_uncertainty", float(uncertainty[tissue].mean()), unit="HU", upper=limits.uncertainty_hu,
            message="mean half-width of the 90 % interval in soft tissue",
        ),
    ]  # fmt: skip
    ratio = edge_energy_ratio(hu - result.noise, result.noise)
    words = "what was removed on edges over what was removed in flat tissue"
    if np.isfinite(ratio):
        checks.append(measure("removed_looks_like_noise", ratio, unit="", upper=limits.edge_energy, message=words))
    else:
        why = "hardly an edge in this slice that could have been blurred"
        checks.append(Check("removed_looks_like_noise", ratio, None, limits.edge_energy, "", Verdict.PASS, why))
    return checks
