"""What can be asked of any task, wherever it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from google.protobuf.descriptor import MethodDescriptor

from recon.client.resume import Run
from recon.client.streams import Opener
from recon.tasks.registry import task_of
from recon.tasks.series import Series
from recon.v1 import models_pb2


class Caller(ABC):
    """Who can be asked; a context manager that closes it."""

    @abstractmethod
    def opener(self, method: MethodDescriptor) -> Opener:
        """Opens streams of a method."""

    @abstractmethod
    def models(self, timeout_s: float = 10.0) -> list[models_pb2.Model]:
        """Which models there are."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything, and end what still runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        task: str,
        *inputs: Any,
        model: str = "",
        model_version: str = "",
        name: str = "",
        timeout_s: float = 3600.0,
        patience_s: float = 30.0,
        **options: Any,
    ) -> Run:
        """Send a series of any task.

        Parameters
        ----------
        task
            Its name, such as ``ct``.
        inputs
            What it takes, such as a volume.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.
        options
            The task's own.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        series = task_of(task).series(*inputs, name=name, model=model, model_version=model_version, **options)
        return self.send(task, series, timeout_s, patience_s)

    def send(self, task: str, series: Series, timeout_s: float = 3600.0, patience_s: float = 30.0) -> Run:
        """Send what a task has made of its inputs; see :meth:`run`."""
        return Run(series, self.opener(task_of(task).method), timeout_s, patience_s)
