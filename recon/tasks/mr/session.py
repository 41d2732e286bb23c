"""One MR series on the server: readouts to slices, slices to work for the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from recon.errors import InvalidRequest
from recon.quality import survival
from recon.quality.interval import COVERAGE, Interval, IntervalKind, calibrated
from recon.quality.survival import Least
from recon.quality.trained_encoding import encoding_names
from recon.tasks.base import ModelFacts, Session, SliceWork
from recon.tasks.mr import anatomy
from recon.tasks.mr.checks import DOMAIN, declared
from recon.tasks.mr.domain import Domain
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.interval import CHECK, TABLE
from recon.tasks.mr.probes import LEAST
from recon.tasks.mr.readouts import ReadoutAssembler
from recon.tasks.mr.slices import ZERO_FILLED, MrSliceWork, interval_kind
from recon.tasks.probe import Probes

#: Coils that iterative methods work on, and transforms that the slowest of them needs.
MOST_VIRTUAL_COILS, MOST_TRANSFORMS = 12, 160
#: Of a non-uniform transform: four by four neighbours on the grid.
OPERATIONS_A_SAMPLE = 128


class MrSession(Session):
    """One stream's series."""

    domain_checks = DOMAIN

    def __init__(self, name: str, facts: SeriesFacts, model: ModelFacts) -> None:
        self.name, self._facts, self._model = name, facts, model
        self.rows, self.columns = facts.matrix
        self.slices = facts.slices
        self._assembler = ReadoutAssembler(
            facts.coils, facts.samples, facts.lines, facts.slices, facts.averages, cartesian=facts.kind == "cartesian"
        )

    @property
    def declared_checks(self) -> tuple[str, ...]:
        """See :class:`recon.tasks.base.Session`."""
        domain = Domain.of(self._model)
        known = declared(
            cartesian=self._facts.kind == "cartesian",
            calibrated=max(domain.calibration, domain.centred) > 0,
            combined=self._model.name == ZERO_FILLED,
            linear=self._kind is IntervalKind.PROPAGATED_NOISE,
            noise_known=self._facts.noise_std > 0,
        )
        known += (CHECK,) * (TABLE in self._model.parameters) + (survival.CHECK,) * (self.least is not None)
        known += anatomy.declared(self._model)
        return known + encoding_names(self._model.parameters, self._facts.kind == "cartesian")

    @property
    def series_checks(self) -> tuple[str, ...]:
        """What became of known lesions."""
        return (survival.CHECK,) * (self.least is not None)

    @property
    def least(self) -> Least | None:
        """A plaque must be seen; a trajectory, and a learned transform, are not probed."""
        probed = self._facts.kind == "cartesian" and "encoding" not in self._model.parameters
        return LEAST if probed and self._facts.probes is not Probes.OFF else None

    @property
    def interval(self) -> Interval:
        """The network's, or what the method knows."""
        if self._kind is IntervalKind.CALIBRATED:
            if TABLE in self._model.parameters:
                return Interval(IntervalKind.CALIBRATED, COVERAGE, basis=f"factors by condition: check {CHECK}")
            return calibrated(self._model.conformal_factor)
        words = {
            IntervalKind.PROPAGATED_NOISE: "1.645 standard deviations of the noise that reaches the image",
            IntervalKind.NONE: f"{self._model.name} knows none",
        }
        return Interval(self._kind, basis=words[self._kind])

    @property
    def _kind(self) -> IntervalKind:
        return interval_kind(self._model)

    def held_bytes(self, read_ahead: int) -> int:
        """The k-space of the slices on their way, beside what becomes of them; ``grow`` is told of open slices."""
        kspace = 16 * self._facts.coils * self._facts.samples * self._facts.lines
        return super().held_bytes(read_ahead) + kspace * min(self.slices, read_ahead + 2)

    @property
    def operations(self) -> float:
        """Transforms of all steps of an iterative method; along a trajectory each sample is spread and gathered."""
        facts = self._facts
        coils = min(facts.coils, MOST_VIRTUAL_COILS)
        pixels = self.rows * self.columns
        passes = 1 if self._model.name == ZERO_FILLED else MOST_TRANSFORMS
        transform = 5 * pixels * np.log2(pixels)
        if facts.kind != "cartesian":
            transform += OPERATIONS_A_SAMPLE * facts.samples * facts.lines
        return max(super().operations, float(coils * passes * transform))

    @property
    def is_complete(self) -> bool:
        """Whether every slice is finished."""
        return len(self._assembler.finished) == self.slices

    @property
    def progress(self) -> str:
        """Finished slices of all."""
        return f"{len(self._assembler.finished)} of {self.slices} slices"

    def add(self, message: Any) -> Iterable[SliceWork]:
        """Take readouts; a slice is work when its last readout is in."""
        self._assembler.grow = self.grow
        if message.WhichOneof("part") != "readouts":
            raise InvalidRequest("after the header only readouts may follow", field="readouts")
        done = self._assembler.add(message.readouts)
        if done is None:
            return ()
        work = MrSliceWork(*done, self._facts, self._model)
        work.probed = self.least is not None and self._facts.probes.on(work.index, self.slices)
        work.mapped = work.probed and self._facts.survival
        return (work,)
