"""MR: images from k-space that comes readout by readout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from recon.errors import InvalidRequest
from recon.tasks.base import ModelFacts, Session, SliceWork, Task
from recon.tasks.mr_choice import Sampling, choose
from recon.tasks.mr_header import KINDS, SeriesFacts, series_facts
from recon.tasks.mr_slices import MrSliceWork
from recon.tasks.readouts import ReadoutAssembler
from recon.volumes import Unit
from recon.wire.messages import geometry_from_message


class MrSession(Session):
    """One stream's series."""

    unit = Unit.ARBITRARY

    def __init__(self, name: str, facts: SeriesFacts, model: ModelFacts) -> None:
        self.name, self._facts, self._model = name, facts, model
        self.rows, self.columns = facts.matrix
        self.slices = facts.slices
        self._assembler = ReadoutAssembler(
            facts.coils, facts.samples, facts.lines, facts.slices, facts.averages, cartesian=facts.kind == "cartesian"
        )

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
        if message.WhichOneof("part") != "readouts":
            raise InvalidRequest("after the header only readouts may follow", field="readouts")
        done = self._assembler.add(message.readouts)
        return () if done is None else (MrSliceWork(done, self._facts, self._model),)


def _require_trained_shape(facts: SeriesFacts, model: ModelFacts) -> None:
    """A learned transform takes raw data of one shape, which its configuration names."""
    if "encoding" not in model.parameters:
        return
    _, coils, samples, lines, _ = (int(side) for side in model.parameters["warm_shape"].split(","))
    if (facts.coils, facts.samples, facts.lines) != (coils, samples, lines):
        raise InvalidRequest(
            f"{model.name} takes {coils} coil with {samples} samples and {lines} readouts a slice, not {facts.coils} "
            f"with {facts.samples} and {facts.lines}; use another model",
            field="model",
        )


def _takes(model: ModelFacts) -> list[str]:
    """Inputs of a model beside the k-space."""
    return model.parameters.get("takes", "kspace").split(",")


class MrTask(Task):
    """Images from k-space."""

    name = "mr"

    def open(self, header: Any, model: ModelFacts) -> MrSession:
        """Check the header and begin."""
        facts = series_facts(header)
        geometry_from_message(header.geometry)
        _require_trained_shape(facts, model)
        curved = model.parameters.get("trajectory_methods", model.name if "trajectory" in _takes(model) else "")
        if facts.kind != "cartesian" and model.name not in curved.split(","):
            raise InvalidRequest(
                f"{model.name} takes Cartesian k-space, the trajectory is {facts.kind}; use sense or zero-filled",
                field="trajectory",
            )
        return MrSession(header.series_name, facts, model)

    def suits(self, header: Any) -> tuple[str, str]:
        """The model that fits a header, and why; without the samples, an undersampled scan is expected."""
        kind = KINDS.get(int(header.trajectory), "cartesian")
        sampling = Sampling(kind, header.coils, header.samples, header.lines, acceleration=4.0, calibration=24)
        return choose(sampling)
