"""A job: one result folder to be, from one input of one task; how it is read, sent and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from recon.errors import ReconError
from recon.quality.verdict import Check
from recon.tasks.options import Options
from recon.tasks.series import Series
from recon.values.result import ImageSlice, ModelIdentity
from recon.volumes import FloatImage

OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True)
class Skipped:
    """Something that is no input of the task, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Problem:
    """An input that should have been one and can't be read."""

    path: str
    error: ReconError


class Sink(ABC):
    """Where the slices of one job go, as they come."""

    @abstractmethod
    def put(self, result: ImageSlice) -> None:
        """Keep one slice."""

    def close(self) -> None:
        """No more slices will come; those that have not are missing."""
        return


class Loaded(ABC, Generic[OptionsT]):
    """One input in memory, or ready to be read slice by slice.

    Attributes
    ----------
    slices
        How many images there will be.
    notes
        What a person should know about the input.
    checks
        Measured on the input as a whole, here rather than by the service.
    skipped
        Parts of the input that were left out; ``damaged`` where something is lost by it.
    damaged
        Whether part of the input could not be read.
    """

    slices: int
    notes: list[str]
    checks: list[Check]
    skipped: list[Skipped]
    damaged: bool = False

    def chosen(self, options: OptionsT) -> OptionsT:
        """The options with what the input decides."""
        return options

    def settled(self, options: OptionsT, model: ModelIdentity) -> OptionsT:
        """The options with what the service has chosen; called when the model is known."""
        return options

    @abstractmethod
    def series(self, options: OptionsT) -> Series:
        """What is sent."""

    @abstractmethod
    def sink(self, folder: Path, model: ModelIdentity, options: OptionsT) -> Sink:
        """Where its slices go; called when the model is known."""

    @abstractmethod
    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        """One picture of it."""

    def before(self, index: int) -> FloatImage | None:
        """What the input alone shows of a slice, (y, x) as the result is laid out; None where it shows nothing."""
        return None

    def parameters(self, options: OptionsT) -> dict[str, Any]:
        """What the caller chose, for the report."""
        return {}

    def comparability(self, options: OptionsT) -> dict[str, Any]:
        """What another result must share to be compared with; see :func:`recon.quality.comparability.record`."""
        return {}


@dataclass
class Job(ABC):
    """One input and the name of its result.

    Attributes
    ----------
    name
        Of the result folder; distinct within a run, and the same every time.
    source
        What it is made from, for people.
    files
        What it is made from, for machines.
    """

    name: str
    source: str
    files: list[Path] = field(default_factory=list)
    task = ""

    @abstractmethod
    def load(self) -> Loaded[Any]:
        """Read the input.

        Raises
        ------
        UnreadableInput
            When that is not possible.
        """


#: What looking through files and folders brings to light.
Found: TypeAlias = Job | Skipped | Problem
