"""MR: the k-space of a slice to tensors, and a model's answer to an image with its interval and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from recon.arrays import Array
from recon.errors import UnusableData
from recon.physics.sampling import calibration_size
from recon.quality.interval import IntervalKind
from recon.quality.trained_encoding import encoding_checks
from recon.quality.verdict import Check
from recon.tasks.base import FinishedSlice, ModelFacts, SliceWork, TensorSpec
from recon.tasks.mr.anatomy import judge_anatomy
from recon.tasks.mr.checks import Measured, judge
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.interval import factor_of
from recon.tasks.mr.noise import dead_coils_of, energy_of, noise_of
from recon.tasks.mr.phase import phase_of
from recon.tasks.mr.probes import LEAST_CALIBRATION, in_image, lesions_in, resolved, with_lesions
from recon.tasks.mr.sampling import Sampling, sampling_of
from recon.tasks.mr.scan_checks import judge_input
from recon.tasks.probe import Probe
from recon.values.readouts import Readouts
from recon.volumes import ComplexImage, FloatImage

#: Root-sum-of-squares of zero-filled coil images; where the image is finer than k-space, zeros go in before.
ZERO_FILLED = "zero-filled"


def interval_kind(model: ModelFacts) -> IntervalKind:
    """Where the width of a model's interval comes from, as its configuration says."""
    if model.name in model.parameters.get("linear_methods", "").split(","):
        return IntervalKind.PROPAGATED_NOISE
    if model.name in model.parameters.get("methods", "").split(","):
        return IntervalKind.NONE
    return IntervalKind.CALIBRATED


class MrSliceWork(SliceWork):
    """One slice's k-space on its way through a model."""

    def __init__(self, index: int, readouts: Readouts, facts: SeriesFacts, model: ModelFacts) -> None:
        self.index = index
        self._dead = dead_coils_of(readouts)
        self._readouts, self._facts, self._model = readouts.without(self._dead), facts, model
        # the header gives the noise of one measurement, averages lower it
        self._noise_std = facts.noise_std * readouts.averaged
        self._combined = model.name == ZERO_FILLED
        self._cartesian = facts.kind == "cartesian"

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        """``kspace`` (1, coils, ky, kx, 2) and what else the model takes.

        ``counts`` (ky, kx) of measurements, ``trajectory`` (readouts, samples, 2), ``noise_std`` (coils,).
        """
        shape = tensor_shape(self._readouts.samples)
        if self._filled:
            shape = 1, shape[1], *self._facts.matrix, 2
        specs = {"kspace": TensorSpec(shape)}
        if "counts" in takes(self._model):
            specs["counts"] = TensorSpec(shape[2:4], np.dtype(np.uint16))
        if self._readouts.trajectory is not None:
            specs["trajectory"] = TensorSpec(self._readouts.trajectory.shape)
        if self._takes_noise:
            specs["noise_std"] = TensorSpec((shape[1],))
        return specs

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        """``image_interval_residual`` (1, 5, y, x)."""
        facts = self._facts
        coarse = self._cartesian and not self._filled
        shape = (facts.samples, facts.lines) if coarse else facts.matrix
        return {"image_interval_residual": TensorSpec((1, 5, *shape))}

    @property
    def parameters(self) -> Mapping[str, str]:
        """Method, encoding, and the image's matrix for a trajectory."""
        found = {}
        if self._model.name in self._model.parameters.get("methods", "").split(","):
            found["method"] = self._model.name
        if self._facts.encoding:
            found["encoding"] = self._facts.encoding
        if not self._cartesian:
            found["rows"], found["columns"] = (str(side) for side in self._facts.matrix)
        return found

    @property
    def _takes_noise(self) -> bool:
        return self._model.parameters.get("takes_noise", "") == "yes"

    @property
    def _filled(self) -> bool:
        """Whether zeros go around the k-space before the model, not around the image's after it."""
        return self._cartesian and self._combined and self._facts.matrix != (self._facts.samples, self._facts.lines)

    @property
    def _sampling(self) -> Sampling:
        readouts, facts = self._readouts, self._facts
        return sampling_of(readouts.mask, readouts.samples.shape[1], facts.kind, readouts.trajectory, facts.matrix)

    @cached_property
    def _scale(self) -> float:
        return scale_of(self._readouts.samples)

    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Fill the model's inputs; raises ``UnusableData`` for NaN, infinite or no samples."""
        kspace, paths = self._readouts.samples, self._readouts.trajectory
        gain = np.float32(1)
        inside: tuple[slice, slice] = slice(None), slice(None)
        if self._filled:
            (rows, columns), (lines, _, samples) = self._facts.matrix, kspace.shape
            gain = np.float32(self._gain)
            top, left = rows // 2 - samples // 2, columns // 2 - lines // 2
            inside = slice(top, top + samples), slice(left, left + lines)
            tensors["kspace"][...] = 0
            tensors["kspace"][:, :, *inside] = prepare(kspace, self.index) * gain
        else:
            prepare(kspace, self.index, tensors["kspace"])
        if "counts" in tensors:
            tensors["counts"][...] = 0
            tensors["counts"][inside] = self._readouts.counts.T
        if paths is not None:
            tensors["trajectory"][...] = paths
        if self._takes_noise:
            levels, _ = noise_of(self._readouts, self._noise_std)
            tensors["noise_std"][...] = levels / self._scale * gain

    def judge_input(self) -> list[Check]:
        """Sampling, matrix, coils and noise; of a learned transform, whether these are data of its encoding."""
        checks = judge_input(self._readouts, self._sampling, Domain.of(self._model), self._noise_std, self._dead)
        if "encoding" in self._model.parameters:
            checks += self._judge_encoding(self._model.parameters["encoding"])
        return checks

    def _judge_encoding(self, name: str) -> list[Check]:
        from recon.physics.encoding import NAMES, encoding  # brings in SciPy

        raw, mask, path = self._readouts.samples[:, 0].T, self._readouts.mask.T, self._readouts.trajectory
        # here (readouts, samples, x and y), there (samples, readouts, y and x)
        turned = None if path is None else np.ascontiguousarray(path.transpose(1, 0, 2)[..., ::-1])
        trained = encoding(name) if name in NAMES else None
        return encoding_checks(raw, mask, turned, self._noise_std, self._model.parameters, trained)

    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Magnitude, half-width of the interval and checks."""
        output = np.asarray(tensors["image_interval_residual"])[0]
        scale = self._scale
        residual = (
            residual_of(self._readouts.samples, output[4], scale / (self._gain if self._filled else 1.0))
            if self._cartesian
            else float(output[4].flat[0])
        )
        complete, width = image_and_width(output[:4], self._facts.matrix)
        image = np.abs(complete) * np.float32(scale)
        factor, calibrated = factor_of(self._model, self._readouts)
        uncertainty = width * np.float32(scale * factor)
        linear = interval_kind(self._model) is IntervalKind.PROPAGATED_NOISE
        checks = judge(Measured(self._readouts, image, uncertainty, residual, self._noise_std, linear, self._combined))
        extra = {}
        if self._facts.phase and self._cartesian and not self._combined:
            extra["PHASE"] = phase_of(complete, self._readouts, self._model)
        checks += judge_anatomy(self._model, image, self._facts.spacing_mm)
        if self.probed:
            self._image = image
        return FinishedSlice(image, uncertainty, checks + calibrated, extra)

    def probe(self) -> Probe | None:
        """Small bright discs, seen by the coils of this scan where it was sampled."""
        lesions = lesions_in(self._image, self._facts.spacing_mm, alone=self.mapped)
        if lesions is None or min(calibration_size(self._readouts.mask.T)) < LEAST_CALIBRATION:
            return None
        added = in_image(lesions, self._image)
        readouts = with_lesions(self._readouts, added)
        work = MrSliceWork(self.index, readouts, replace(self._facts, phase=False), self._model)
        return Probe(work, lesions, resolved(added, (self._facts.samples, self._facts.lines)), self._image)

    @property
    def _gain(self) -> float:
        rows, columns = self._facts.matrix
        return float(np.sqrt(rows * columns / (self._facts.samples * self._facts.lines)))


def takes(model: ModelFacts) -> list[str]:
    """Inputs of a model."""
    return model.parameters.get("takes", "kspace").split(",")


def prepare(kspace: ComplexImage, index: int, out: FloatImage | None = None) -> FloatImage:
    """The model's input (1, coils, ky, kx, 2): readouts along ky, lines along kx, at most 1.

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
    scale = scale_of(kspace)
    if not np.isfinite(scale):
        bad = int(kspace.size - np.isfinite(kspace).sum())
        raise UnusableData(f"slice {index} has {bad} NaN or infinite samples; acquire or export it again", field="data")
    if scale == 0:
        raise UnusableData(f"slice {index} is zero everywhere; there is no signal", field="data")
    out = np.empty(tensor_shape(kspace), np.float32) if out is None else out
    # scaled to 1: scanners' units reach from 1e-10 to 1e6
    inverse, plane = np.float32(1) / np.float32(scale), np.empty((kspace.shape[0], kspace.shape[2]), np.complex64)
    for coil, turned in enumerate(out.view(np.complex64)[0, ..., 0]):  # one coil at a time stays in the cache
        np.multiply(kspace[:, coil], inverse, out=plane)
        turned[...] = plane.T
    return out


def tensor_shape(kspace: ComplexImage) -> tuple[int, int, int, int, int]:
    """Shape (1, coils, ky, kx, 2) of the model's input for k-space (lines, coils, samples)."""
    lines, coils, samples = kspace.shape
    return 1, coils, samples, lines, 2


def scale_of(kspace: ComplexImage) -> float:
    """Largest real or imaginary part; what :func:`prepare` divides by."""
    parts = np.ascontiguousarray(kspace).view(np.float32)
    return max(float(parts.max()), -float(parts.min()))


def residual_of(kspace: ComplexImage, unexplained: FloatImage, scale: float) -> float:
    """Root of the share of the measured energy that is left unexplained.

    Parameters
    ----------
    kspace
        (lines, coils, samples) that went in.
    unexplained
        (ky, kx) magnitude over coils, in units of ``scale``.
    scale
        What the k-space was divided by.
    """
    energy = energy_of(kspace, scale)
    return float(np.sqrt(np.square(unexplained).sum(dtype=np.float64) / energy))


def image_and_width(planes: FloatImage, matrix: tuple[int, int]) -> tuple[ComplexImage, FloatImage]:
    """Complex image and half-width of the interval, at the image's matrix.

    Parameters
    ----------
    planes
        (4, y, x): real and imaginary part, interval below and above.
    matrix
        Rows and columns wanted; where they are more, the spectrum of the complex image is filled up with
        zeros, and widths are those of the nearest pixel.
    """
    real, imaginary, below, above = planes
    width = (below + above) * np.float32(0.5)
    complete = np.empty(real.shape, np.complex64)
    complete.real, complete.imag = real, imaginary
    if real.shape == matrix:
        return complete, width
    from recon.physics.fourier import finer  # brings in SciPy

    image = finer(complete, matrix)
    rows, columns = (
        np.clip(np.rint((np.arange(n) - n // 2) * (side / n)).astype(int) + side // 2, 0, side - 1)
        for n, side in zip(matrix, real.shape, strict=True)
    )
    return image, np.ascontiguousarray(width[np.ix_(rows, columns)])
