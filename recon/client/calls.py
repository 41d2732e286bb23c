"""What can be asked of the tasks, wherever they run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Literal, Self

from google.protobuf.descriptor import MethodDescriptor

from recon.client.resume import Run
from recon.client.streams import Opener
from recon.quality.survival import Least
from recon.tasks.registry import task_of
from recon.tasks.series import Series
from recon.v1 import models_pb2
from recon.values.readouts import KSpace
from recon.volumes import Volume


class Calls(ABC):
    """The calls of a client; a context manager that closes it."""

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

    def denoise_ct(
        self,
        volume: Volume,
        *,
        strength: float | Literal["auto"] = 1.0,
        least: Least | None = None,
        probes: str = "few",
        survival: bool = False,
        model: str = "",
        model_version: str = "",
        name: str = "",
        timeout_s: float = 3600.0,
        patience_s: float = 30.0,
    ) -> Run:
        """Denoise a CT series.

        Parameters
        ----------
        volume
            In HU.
        strength
            Share of the noise to remove, 0 to 1, or ``"auto"``: the most at which ``least`` holds; what was chosen,
            and why, is in ``model.strength`` of the run.
        least
            Which lesion must keep what share of its contrast; by default one of 6 mm and 20 HU 0.7.
        probes
            On which slices known lesions are added, to report what is left of them: ``off``, ``few`` or ``all``.
        survival
            Whether a map of what a lesion keeps is wanted; it comes as ``extra["SURVIVAL"]`` of slices that are probed.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        required = {} if least is None else {"least": least}
        return self.run(
            "ct",
            volume,
            name=name,
            model=model,
            model_version=model_version,
            timeout_s=timeout_s,
            patience_s=patience_s,
            strength=strength,
            probes=probes,
            survival=survival,
            **required,
        )

    def reconstruct_mr(
        self,
        kspace: KSpace,
        *,
        phase: bool = False,
        probes: str = "few",
        survival: bool = False,
        model: str = "",
        model_version: str = "",
        name: str = "",
        timeout_s: float = 3600.0,
        patience_s: float = 30.0,
    ) -> Run:
        """Reconstruct images from Cartesian k-space.

        Parameters
        ----------
        kspace
            Read slice by slice as it is sent.
        phase
            Whether the phase of the images is wanted; it comes as ``extra["PHASE"]`` where the method knows one.
        probes
            On which slices known lesions are added, to report what is left of them: ``off``, ``few`` or ``all``.
        survival
            Whether a map of what a lesion keeps is wanted; it comes as ``extra["SURVIVAL"]`` of slices that are probed.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        return self.run(
            "mr",
            kspace,
            name=name,
            model=model,
            model_version=model_version,
            timeout_s=timeout_s,
            patience_s=patience_s,
            phase=phase,
            probes=probes,
            survival=survival,
        )

    def synthesize_contrast(
        self,
        pre: Volume,
        low: Volume,
        *,
        dose_fraction: float = 0.1,
        strength: float | Literal["auto"] = 1.0,
        least: Least | None = None,
        probes: str = "few",
        survival: bool = False,
        model: str = "",
        model_version: str = "",
        name: str = "",
        timeout_s: float = 3600.0,
        patience_s: float = 30.0,
    ) -> Run:
        """Synthesise the full-dose contrast image.

        Parameters
        ----------
        pre, low
            T1 scans before contrast and after the reduced dose, each in its own geometry.
        dose_fraction
            Dose given over the full dose, 0.05 to 0.5.
        strength
            Share of the network's result, 0 to 1, the rest being the difference of the scans, smoothed and scaled to
            the full dose; or ``"auto"``: the most at which ``least`` holds; what was chosen, and why, is in
            ``model.strength`` of the run.
        least
            Which lesion must keep what share of its contrast; by default one of 5 mm and 50 % 0.7.
        probes
            On which slices known lesions are added, to report what is left of them: ``off``, ``few`` or ``all``.
        survival
            Whether a map of what a lesion keeps is wanted; it comes as ``extra["SURVIVAL"]`` of slices that are probed.
        model, model_version
            By default the service chooses.
        name
            For the service's log; leave patient data out.
        timeout_s
            For the whole series.
        patience_s
            How long to go on without a new slice while the service is unavailable.

        Returns
        -------
        Run
            Iterate over it; errors are those of :mod:`recon.errors`.
        """
        required = {} if least is None else {"least": least}
        return self.run(
            "contrast",
            pre,
            low,
            name=name,
            model=model,
            model_version=model_version,
            timeout_s=timeout_s,
            patience_s=patience_s,
            dose_fraction=dose_fraction,
            strength=strength,
            probes=probes,
            survival=survival,
            **required,
        )
