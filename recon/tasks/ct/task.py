"""What the rest of the house knows of CT."""

from __future__ import annotations

from typing import Any

from recon.tasks.base import ModelFacts, Session, SliceWork, Task
from recon.tasks.ct.series import CtSeries
from recon.tasks.ct.session import CtSession, probe
from recon.tasks.series import Series
from recon.v1 import ct_pb2
from recon.volumes import Volume


class CtTask(Task):
    """Denoises a series slice by slice."""

    name = "ct"
    method = ct_pb2.DESCRIPTOR.services_by_name["CtService"].methods_by_name["Denoise"]

    def open(self, header: ct_pb2.CtHeader, model: ModelFacts) -> Session:
        """Check the header and begin."""
        return CtSession(header, model)

    def probe(self, model: ModelFacts) -> SliceWork:
        """A slice of 512x512 pixels."""
        return probe(model)

    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """Of one volume in HU; option ``strength``, the share of the noise to remove, 0 to 1."""
        volume: Volume
        (volume,) = inputs
        return CtSeries(volume, name, model, model_version, **options)


TASK = CtTask()
