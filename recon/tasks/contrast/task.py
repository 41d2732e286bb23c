"""What the rest of the house knows of contrast."""

from __future__ import annotations

from typing import Any

from recon.tasks.base import ModelFacts, Session, Task
from recon.tasks.contrast.series import ContrastSeries
from recon.tasks.contrast.session import ContrastSession
from recon.tasks.series import Series
from recon.v1 import contrast_pb2
from recon.volumes import Volume


class ContrastTask(Task):
    """Synthesises the full-dose scan of a series."""

    name = "contrast"
    method = contrast_pb2.DESCRIPTOR.services_by_name["ContrastService"].methods_by_name["Synthesize"]

    def open(self, header: contrast_pb2.ContrastHeader, model: ModelFacts) -> Session:
        """Check the header and begin."""
        return ContrastSession(header, model)

    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """Of the scans before contrast and after the reduced dose; option ``dose_fraction``, 0.05 to 0.5."""
        pre: Volume
        low: Volume
        pre, low = inputs
        return ContrastSeries(pre, low, name, model, model_version, **options)


TASK = ContrastTask()
