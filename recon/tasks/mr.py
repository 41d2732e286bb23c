"""MR: the k-space of a slice to a tensor, and the network's answer to an image with a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from recon.errors import InvalidRequest, UnusableData
from recon.physics.sampling import Mask, calibration_size
from recon.quality.verdict import Check, Verdict, measure
from recon.tasks.base import Array, FinishedSlice, ModelFacts, Session, SliceWork, Task, TensorSpec
from recon.tasks.readouts import ReadoutAssembler
from recon.v1 import mr_pb2
from recon.volumes import ComplexImage, FloatImage, Unit
from recon.wire.messages import geometry_from_message

SMALLEST, LARGEST = 32, 1024
MOST_COILS = 128


@dataclass(frozen=True)
class Limits:
    """Where the model has been shown to work; what lies outside goes to REVIEW."""

    coils: tuple[float, float] = (1, 32)
    matrix: tuple[float, float] = (64, 512)
    acceleration: float = 8.8
    calibration: float = 12
    residual: float = 0.25
    noise_to_signal: float = 0.35
    uncertainty: float = 0.25


LIMITS = Limits()


class MrTask(Task):
    """Reconstructs series slice by slice."""

    name = "mr"

    def open(self, header: mr_pb2.MrHeader, model: ModelFacts) -> MrSession:
        """Check the header and begin; see :class:`recon.tasks.base.Task`."""
        return MrSession(header, model)


class MrSession(Session):
    """One series of k-space."""

    unit = Unit.ARBITRARY

    def __init__(self, header: mr_pb2.MrHeader, model: ModelFacts) -> None:
        validate_header(header.coils, header.samples, header.lines, header.slices, header.averages)
        geometry_from_message(header.geometry)
        if header.trajectory != mr_pb2.TRAJECTORY_CARTESIAN:
            name = mr_pb2.Trajectory.Name(header.trajectory)
            raise InvalidRequest(f"trajectory is {name}; the models take TRAJECTORY_CARTESIAN", field="trajectory")
        self.name, self.factor = header.series_name, model.conformal_factor
        self.rows, self.columns, self.slices = header.samples, header.lines, header.slices
        averages = max(1, header.averages)
        self._assembler = ReadoutAssembler(header.coils, header.samples, header.lines, header.slices, averages)

    @property
    def is_complete(self) -> bool:
        """Whether all slices are in."""
        return len(self._assembler.finished) == self.slices

    @property
    def progress(self) -> str:
        """How many slices are in."""
        return f"{len(self._assembler.finished)} of {self.slices} slices"

    def add(self, message: mr_pb2.ReconstructRequest) -> Iterable[SliceWork]:
        """Take readouts; see :class:`recon.tasks.base.Session`."""
        if message.WhichOneof("part") != "readouts":
            raise InvalidRequest("after the header only readouts may follow", field="readouts")
        done = self._assembler.add(message.readouts)
        return () if done is None else (MrWork(*done, self.factor),)


class MrWork(SliceWork):
    """One slice's k-space (lines, coils, samples) on its way through a reconstruction."""

    def __init__(self, index: int, kspace: ComplexImage, factor: float) -> None:
        self.index, self._kspace, self._factor = index, kspace, factor

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """k-space, real and imaginary part last."""
        return {"kspace": TensorSpec(tensor_shape(self._kspace))}

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """Image, interval, and the k-space that the image does not explain."""
        lines, _, samples = self._kspace.shape
        return {"image_interval_residual": TensorSpec((1, 5, samples, lines))}

    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Scale to 1 and lay out."""
        prepare(self._kspace, self.index, tensors["kspace"])

    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Magnitude, interval and checks."""
        result = finish(self._kspace, tensors["image_interval_residual"][0], factor=self._factor)
        return FinishedSlice(result.image, result.uncertainty, judge(self._kspace, result))


@dataclass(frozen=True)
class ReconstructedSlice:
    """What was made of one slice's k-space.

    Attributes
    ----------
    image
        (y, x) float32 magnitude, in the unit of the k-space under a unitary transform.
    uncertainty
        (y, x) float32, same unit: half the width of the 90 % interval; NaN where the method knows none.
    residual
        Root of the energy of the measured samples that the image does not explain, over their whole.
    """

    image: FloatImage
    uncertainty: FloatImage
    residual: float


def validate_header(coils: int, samples: int, lines: int, slices: int, averages: int) -> None:
    """Refuse what no slice could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    for name, side in (("samples", samples), ("lines", lines)):
        if not SMALLEST <= side <= LARGEST:
            raise InvalidRequest(f"{name} is {side}; k-space has {SMALLEST} to {LARGEST} a side", field=name)
    if not 1 <= coils <= MOST_COILS:
        raise InvalidRequest(f"coils is {coils}; there are 1 to {MOST_COILS}", field="coils")
    if not 1 <= slices <= 100_000:
        raise InvalidRequest(f"slices is {slices}; a series has 1 to 100000", field="slices")
    if averages > 1024:
        raise InvalidRequest(f"averages is {averages}; at most 1024", field="averages")


def tensor_shape(kspace: ComplexImage) -> tuple[int, int, int, int, int]:
    """Shape (1, coils, ky, kx, 2) of the model's input for k-space (lines, coils, samples)."""
    lines, coils, samples = kspace.shape
    return 1, coils, samples, lines, 2


def prepare(kspace: ComplexImage, index: int, out: FloatImage | None = None) -> FloatImage:
    """The model's input: readouts along ky, lines along kx.

    Parameters
    ----------
    kspace
        (lines, coils, samples) complex64, zero where not measured.
    index
        Number of the slice, for the error message.
    out
        Where to put it; by default a new array.

    Raises
    ------
    UnusableData
        When samples are NaN or infinite, or all are zero.
    """
    low, high = _range(kspace)
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(kspace.size - np.isfinite(kspace).sum())
        raise UnusableData(f"slice {index} has {bad} NaN or infinite samples; acquire or export it again", field="data")
    if low == high == 0:
        raise UnusableData(f"slice {index} is zero everywhere; nothing was measured", field="data")
    out = np.empty(tensor_shape(kspace), np.float32) if out is None else out
    # scaled to 1: scanners' units reach from 1e-10 to 1e6
    np.divide(kspace.transpose(1, 2, 0), np.float32(scale_of(kspace)), out=out.view(np.complex64)[0, ..., 0])
    return out


def scale_of(kspace: ComplexImage) -> float:
    """Largest real or imaginary part; what :func:`prepare` divides by."""
    low, high = _range(kspace)
    return max(high, -low)


def _range(kspace: ComplexImage) -> tuple[float, float]:
    parts = np.ascontiguousarray(kspace).view(np.float32)
    return float(parts.min()), float(parts.max())


def finish(kspace: ComplexImage, output: FloatImage, *, factor: float) -> ReconstructedSlice:
    """Magnitude, scaled interval and residual; :func:`judge` comes next.

    Parameters
    ----------
    kspace
        (lines, coils, samples) complex64 that went in.
    output
        (5, y, x) of the model: real and imaginary part, interval below and above, unexplained k-space.
    factor
        Conformal factor of the model.
    """
    scale = np.float32(scale_of(kspace))
    real, imaginary, below, above, unexplained = output
    image = np.sqrt(real * real + imaginary * imaginary) * scale
    uncertainty = (below + above) * np.float32(0.5 * factor) * scale
    parts = np.ascontiguousarray(kspace).view(np.float32) / scale
    energy = float(np.square(parts).sum(dtype=np.float64))
    residual = float(np.sqrt(np.square(unexplained).sum(dtype=np.float64) / energy))
    return ReconstructedSlice(image, uncertainty, residual)


def judge(kspace: ComplexImage, result: ReconstructedSlice) -> list[Check]:
    """What can be measured on a slice without knowing the truth, each against its limits.

    Parameters
    ----------
    kspace
        (lines, coils, samples) complex64 that went in.
    result
        Of :func:`finish`.
    """
    limits = LIMITS
    mask: Mask = np.any(kspace != 0, axis=1).T
    samples, lines = mask.shape
    inside = result.image > 0.1 * float(np.percentile(result.image, 99))
    signal = float(result.image[inside].mean())
    checks = [
        measure(
            "data_consistency",
            result.residual,
            unit="",
            upper=limits.residual,
            message="share of the measured samples that the image does not explain, noise included",
        ),
        measure(
            "acceleration",
            mask.size / float(mask.sum()),
            unit="",
            upper=limits.acceleration,
            message="samples of the matrix over samples measured",
        ),
        measure(
            "calibration_region",
            float(min(calibration_size(mask))),
            unit="samples",
            lower=limits.calibration,
            message="shorter side of the fully sampled centre, which shows the coils' sensitivities",
        ),
        measure(
            "matrix_size",
            float(min(samples, lines)),
            unit="px",
            lower=limits.matrix[0],
            message="shorter side of the matrix",
        ),
        measure(
            "matrix_extent",
            float(max(samples, lines)),
            unit="px",
            upper=limits.matrix[1],
            message="longer side of the matrix",
        ),
        measure(
            "coil_count",
            float(kspace.shape[1]),
            unit="",
            lower=limits.coils[0],
            upper=limits.coils[1],
            message="receive coils",
        ),
        measure(
            "noise_to_signal",
            noise_level(kspace, mask) / signal if signal else float("nan"),
            unit="",
            upper=limits.noise_to_signal,
            message="noise of a coil, from the corners of k-space, over the mean signal of the image",
        ),
    ]
    uncertainty = float(result.uncertainty[inside].mean()) / signal if signal else float("nan")
    checks.append(
        measure(
            "mean_uncertainty",
            uncertainty,
            unit="",
            upper=limits.uncertainty,
            severity=Verdict.REVIEW,
            message="mean half-width of the 90 % interval over the mean signal; this method knows none"
            if uncertainty != uncertainty
            else "mean half-width of the 90 % interval over the mean signal",
        )
    )
    return checks


def noise_level(kspace: ComplexImage, mask: Mask) -> float:
    """Standard deviation of a coil's complex noise, from the measured samples farthest from the centre.

    The median of the squared magnitude of complex Gaussian noise is ln 2 times its variance.
    """
    samples, lines = mask.shape
    y, x = np.ogrid[-1 : 1 : samples * 1j, -1 : 1 : lines * 1j]
    distance = np.where(mask, np.hypot(y, x), 0.0)
    outer = distance >= np.partition(distance[mask], -max(1, int(mask.sum()) // 20))[-max(1, int(mask.sum()) // 20)]
    corner = kspace.transpose(1, 2, 0)[:, outer & mask]
    return float(np.sqrt(np.median(np.abs(corner) ** 2) / np.log(2)))
