"""What a task is: a header opens a session, messages become work, work becomes images.

The stream engine runs every task the same way and knows none of them by name:

1. ``Task.open(header, model)`` checks the header and returns a :class:`Session`.
2. ``Session.add(message)`` takes each message and returns the work that it makes possible;
   ``Session.complete()`` returns the work that needed the whole input.
3. Of each work, ``prepare`` fills the model's named inputs, ``judge_input`` measures the input while
   the model runs, ``finish`` makes the image of the named outputs.
4. ``Session.judge_series()`` adds what only the whole series shows.

Limits and physics stay in the task's own file; nothing here knows a unit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from google.protobuf.descriptor import MethodDescriptor

from recon.errors import InvalidRequest
from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.job import Found
from recon.tasks.options import Options
from recon.tasks.sample import Extent, Sample
from recon.tasks.series import Series
from recon.tasks.session import ModelFacts, Session
from recon.tasks.work import FinishedSlice, SliceWork, TensorSpec
from recon.volumes import Unit

#: What a task's author needs, from one place.
__all__ = [
    "FinishedSlice",
    "Input",
    "LookedAt",
    "ModelFacts",
    "Session",
    "SliceWork",
    "Task",
    "TensorSpec",
]

#: Told how many files have been looked at.
LookedAt: TypeAlias = Callable[[int], None] | None


@dataclass(frozen=True)
class Input:
    """One of the things that a task's jobs are made from.

    Attributes
    ----------
    name
        Of the command's option; the role of its files in an archive.
    help
        One line for a person.
    many
        Whether several may be given, each for jobs of its own; then it is the command's argument, and the only input.
    """

    name: str
    help: str
    many: bool = False


class Task(ABC):
    """A kind of reconstruction, and all that the rest of the house knows of it.

    Attributes
    ----------
    name
        Such as ``ct``; models of the repository name it as their task.
    method
        Descriptor of the rpc that carries it: a stream of messages whose ``part`` is first a ``header``
        with the fields ``model`` and ``model_version``, answered by a stream of messages whose ``part``
        is ``accepted``, ``chunk``, ``slice`` or ``report``.
    summary
        What its command does, one line.
    noun
        What it takes, as in "no CT series in FOLDER".
    inputs
        What its command and its jobs are given.
    options
        What a caller may choose.
    together
        Of a task with several inputs: what they are, in words.
    slice_by_slice
        Whether an image needs its own slice only, not the whole input.
    unit
        Of its images.
    needed
        What two of its results are not compared without, by name in ``comparability``, and why.
    """

    name: str
    method: MethodDescriptor
    summary: str
    noun: str
    inputs: tuple[Input, ...]
    options: type[Options] = Options
    together = ""
    slice_by_slice = True
    unit = Unit.ARBITRARY
    needed: Mapping[str, str] = MappingProxyType({})

    @abstractmethod
    def open(self, header: Any, model: ModelFacts) -> Session:
        """Check the header and begin.

        Raises
        ------
        InvalidRequest
            Naming the field that no series could satisfy.
        """

    def probe(self, model: ModelFacts) -> SliceWork | None:
        """A typical slice, to measure a model with; None where the task has none."""
        return None

    def suits(self, header: Any, models: Sequence[ModelFacts], begun: Sequence[Any]) -> tuple[str, str] | None:
        """The model for a series whose header names none, and why; empty for the task's default.

        Parameters
        ----------
        header
            Of the series.
        models
            That there are.
        begun
            Messages that have come behind the header.

        Returns
        -------
        tuple of str or None
            None as long as more of the series must be seen.
        """
        return "", ""

    @abstractmethod
    def series(self, *inputs: Any, name: str, model: str, model_version: str, **options: Any) -> Series:
        """What a client sends.

        Parameters
        ----------
        inputs
            The task's own, such as a volume.
        name
            For the service's log.
        model, model_version
            Empty where the service chooses.
        options
            The task's own.
        """

    @abstractmethod
    def find(self, given: Mapping[str, Sequence[Path]], looked_at: LookedAt = None) -> Iterator[Found]:
        """The jobs in files and folders; one bad input never costs another.

        Parameters
        ----------
        given
            What a caller names, by input.
        looked_at
            Told now and then.
        """

    def jobs_of_scan(self, name: str, files: Mapping[str, Sequence[Path]]) -> Iterator[Found]:
        """The jobs of one scan all of whose files are known: one, or a few where the task splits it.

        Parameters
        ----------
        name
            Of the scan.
        files
            By input.
        """
        return self.find(files)

    def claim(self, scan: ArchivedScan) -> Claim:
        """Whether a scan that lies in an archive by itself is for this task.

        Raises
        ------
        UnreadableInput
            When it can't be told because the file is damaged.
        """
        return Claim()

    def half_of(self, text: str, modality: str) -> tuple[str, str]:
        """Of a task with several inputs: which of them a scan is by its name, and what the others' names share.

        Parameters
        ----------
        text
            Name of the file, or description of the series and name of its folder.
        modality
            Of DICOM; empty where a file does not say.

        Returns
        -------
        tuple
            Name of the input and the rest of the name; both empty where the name tells nothing.
        """
        return "", ""

    def recalled(self, image_type: str, derivation: str) -> Mapping[str, Any] | None:
        """What the headers of a DICOM series that recon wrote tell for ``comparability``.

        Parameters
        ----------
        image_type
            The last value of ImageType.
        derivation
            How the pixels came about, in the words of the series.

        Returns
        -------
        Mapping or None
            None where they are no images of this task.
        """
        return None

    def sample(self, item: int, slices: int, extent: Extent = Extent()) -> Sample:
        """Input for a benchmark, another one for every ``item``.

        Raises
        ------
        InvalidRequest
            When the task has none, or none of so many slices or of this extent.
        """
        raise InvalidRequest(f"task {self.name} has no input for a benchmark")
