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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.descriptor import MethodDescriptor

from recon.arrays import Array
from recon.errors import InvalidRequest
from recon.quality.interval import Interval, IntervalKind
from recon.quality.survival import Least
from recon.quality.verdict import Check
from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.job import Found
from recon.tasks.options import Options
from recon.tasks.probe import Probe
from recon.tasks.sample import Sample
from recon.tasks.series import Series
from recon.values.fixed_point import FixedPoint
from recon.volumes import FloatImage, Unit

#: Told how many files have been looked at.
LookedAt: TypeAlias = Callable[[int], None] | None


@dataclass(frozen=True)
class TensorSpec:
    """Shape and sample type of one named tensor of a model.

    Complex inputs reach the model as real ones with another axis of length 2 behind them.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True)
class ModelFacts:
    """What a task may know about the model that will run.

    Attributes
    ----------
    name, version, sha256
        Of the model.
    conformal_factor
        What the predicted half-widths are multiplied by.
    parameters
        All parameters of the model's configuration.
    """

    name: str
    version: str = "1"
    sha256: str = ""
    conformal_factor: float = 1.0
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FinishedSlice:
    """One slice's result.

    Attributes
    ----------
    image
        (y, x) float32 in the session's unit, or int16 where it has been rounded.
    uncertainty
        (y, x) float32, half the width of the 90 % interval, NaN where the method knows none; or fixed point. It
        may be a view of the model's outputs.
    checks
        Measured on the result.
    extra
        Further planes (y, x) float32 by the name of their ``Plane`` in ``common.proto``, such as
        ``"DETECTABILITY"``.
    """

    image: FloatImage | Array
    uncertainty: FloatImage | FixedPoint
    checks: list[Check]
    extra: Mapping[str, FloatImage] = field(default_factory=dict)


#: Of a slice on its way: samples, tensors, image, width and the message.
_BYTES_A_PIXEL = 32
#: Of a convolutional network that is as large as those that are served.
_OPERATIONS_A_PIXEL = 1e5


class SliceWork(ABC):
    """One slice on its way through the model; its methods are called once each, on any thread.

    Attributes
    ----------
    index
        Of the slice in the result, from 0.
    quick
        Whether all three take no longer than other streams can wait: then they run in the event loop.
    probed
        Whether known lesions are to be added to it, once it is finished.
    """

    index: int
    quick = False
    probed = False

    @property
    @abstractmethod
    def inputs(self) -> Mapping[str, TensorSpec]:
        """The model's inputs by name."""

    @property
    @abstractmethod
    def outputs(self) -> Mapping[str, TensorSpec]:
        """The model's outputs by name."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Parameters of the request to the model."""
        return {}

    @abstractmethod
    def prepare(self, tensors: Mapping[str, Array]) -> None:
        """Fill the inputs, in place; raises ``UnusableData`` when the samples can't be used."""

    def judge_input(self) -> list[Check]:
        """What can be measured on the input alone; runs while the model does."""
        return []

    @abstractmethod
    def finish(self, tensors: Mapping[str, Array]) -> FinishedSlice:
        """Image, uncertainty and checks of the outputs, which are valid during this call only."""

    def probe(self) -> Probe | None:
        """Of a slice that is finished and ``probed``: itself with known lesions; None where it has no place for one."""
        return None


class Session(ABC):
    """One stream's series.

    Attributes
    ----------
    name
        The caller's name for it.
    rows, columns, slices
        Of the result.
    unit
        Of image and uncertainty.
    whole_numbers
        Whether images may be rounded to whole numbers on the wire.
    quick
        Whether ``add`` takes less than a change of threads would, for a message of a megabyte.
    """

    whole_numbers = False
    quick = False
    #: Checks that tell whether a scan is one that the model's interval was calibrated for.
    domain_checks: frozenset[str] = frozenset()
    #: Told how many bytes more (or less, where negative) are held beyond :meth:`held_bytes`; it may refuse.
    grow: Callable[[int], None] = staticmethod(lambda by: None)
    name: str
    rows: int
    columns: int
    slices: int
    unit: Unit

    @property
    @abstractmethod
    def declared_checks(self) -> tuple[str, ...]:
        """Names of the checks without which this series is no PASS, in slices or of the whole."""

    @property
    def series_checks(self) -> tuple[str, ...]:
        """Those of them that only the whole series shows."""
        return ()

    def held_bytes(self, read_ahead: int) -> int:
        """Bytes that the series holds at most, from its header alone.

        Parameters
        ----------
        read_ahead
            Slices that are worked on beyond the one that is being sent.
        """
        return _BYTES_A_PIXEL * self.rows * self.columns * min(self.slices, read_ahead + 2)

    @property
    def operations(self) -> float:
        """Floating-point operations of a slice, or of what is done to the series as a whole, whichever are more.

        An estimate from the header alone, by which a service refuses what it would never finish.
        """
        return _OPERATIONS_A_PIXEL * self.rows * self.columns

    @property
    def quick_end(self) -> bool:
        """Whether nothing is left to make when all is in, and judging the series is quick."""
        return False

    @property
    def interval(self) -> Interval:
        """What the uncertainty plane means, as far as model and header tell."""
        return Interval(IntervalKind.NONE, basis="this task states none")

    @property
    def least(self) -> Least | None:
        """What must be kept of known lesions; None where none are added. Then ``lesions_survive`` is declared."""
        return None

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether everything is in."""

    @property
    @abstractmethod
    def progress(self) -> str:
        """What has come so far, for an error message: ``"3 of 20 slices"``."""

    @abstractmethod
    def add(self, message: Any) -> Iterable[SliceWork]:
        """Take a message; returns the work that it makes possible, in the order of the result.

        Called in the event loop where it is ``quick``, else on a thread; one message after the other.

        Raises
        ------
        InvalidRequest
            When the message is not one that may come now.
        """

    def whole(self) -> Callable[[], Any] | None:
        """What is to be done to the whole input at once before :meth:`complete`; None where nothing is.

        It runs in a process of its own, which is killed when nobody waits for it; so it must be one that can be
        pickled, with all that it works on.
        """
        return None

    def take(self, made: Any) -> None:
        """What :meth:`whole` made."""
        raise NotImplementedError("whole() made something that nobody takes")

    def complete(self) -> Iterable[SliceWork]:
        """Work that needs the whole input; called once, on a thread, and iterated there."""
        return ()

    def judge_series(self) -> list[Check]:
        """What only the whole series shows."""
        return []


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
    """

    name: str
    method: MethodDescriptor
    summary: str
    noun: str
    inputs: tuple[Input, ...]
    options: type[Options] = Options
    together = ""
    slice_by_slice = True

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

    def sample(self, item: int, slices: int) -> Sample:
        """Input for a benchmark, another one for every ``item``.

        Raises
        ------
        InvalidRequest
            When the task has none, or none of so many slices.
        """
        raise InvalidRequest(f"task {self.name} has no input for a benchmark")
