"""One MR series on the server: readouts to slices, slices to work for the model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from recon.errors import InvalidRequest
from recon.tasks.base import ModelFacts, Session, SliceWork
from recon.tasks.mr.header import SeriesFacts
from recon.tasks.mr.readouts import ReadoutAssembler
from recon.tasks.mr.slices import MrSliceWork
from recon.volumes import Unit


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
        return () if done is None else (MrSliceWork(*done, self._facts, self._model),)
