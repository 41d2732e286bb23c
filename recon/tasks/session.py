"""One stream's series: messages become work, and only at its end shows what the whole series says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recon.quality.interval import Interval, IntervalKind
from recon.quality.strength import ChosenStrength, everything
from recon.quality.survival import Least, Lesion, Shares
from recon.quality.verdict import Check
from recon.tasks.work import SliceWork

#: Of a slice on its way: samples, tensors, image, width and the message.
_BYTES_A_PIXEL = 32
#: Of a convolutional network that is as large as those that are served.
_OPERATIONS_A_PIXEL = 1e5


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


class Session(ABC):
    """One stream's series.

    Attributes
    ----------
    name
        The caller's name for it.
    rows, columns, slices
        Of the result.
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

    #: Whether a picture of what known lesions keep is part of the result.
    maps = False
    #: Whether slices are probed ahead of the series, on which hangs how much of it is smoothed.
    surveys = False

    @property
    def surveyed(self) -> bool:
        """Whether all is in that those are made of: slices that come ahead, or the whole input."""
        return True

    def survey(self, message: Any) -> Iterable[SliceWork]:
        """Take a message of those; the work that it makes possible is probed and makes no image of the result.

        Raises
        ------
        InvalidRequest
            When the message is not one that may come now.
        """
        raise NotImplementedError("this task surveys nothing")

    def survey_whole(self) -> Iterable[SliceWork]:
        """Those that need the whole input, where that is in; called once, on a thread, and iterated there."""
        return ()

    def rest(self, lesion: Lesion) -> float:
        """Share of its contrast that a lesion keeps at strength 0."""
        return everything(lesion)

    def settle(self, found: Sequence[Shares]) -> ChosenStrength:
        """Choose by what the survey kept at full strength; called once, before :meth:`add`."""
        raise NotImplementedError("this task surveys nothing")

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
