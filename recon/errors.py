"""What can go wrong, one class each, and the one table to gRPC status and exit code."""

from __future__ import annotations

from dataclasses import dataclass

#: Letters of a line at most, and of a value that it quotes.
LONGEST_LINE, LONGEST_VALUE = 2000, 80


def plain(text: str, most: int = LONGEST_LINE) -> str:
    """One line that any log, terminal or status may show: cut, and free of control characters.

    What moves a terminal's cursor, reverses the direction of writing, or is no text at all becomes a blank.
    """
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return shown if shown.isprintable() else "".join(c if c.isprintable() else " " for c in shown).strip()


def quoted(value: object) -> str:
    """A value of a caller's in quotes, as :func:`plain` shows it."""
    return f"'{plain(str(value), LONGEST_VALUE)}'"


class ReconError(Exception):
    """Something the caller can understand and act on.

    Parameters
    ----------
    problem
        One line: what is wrong, where, and what to do; :func:`plain` makes it one whatever it quotes.
    field
        Name of the offending request field or file, when there is one.
    """

    def __init__(self, problem: str, *, field: str = "") -> None:
        self.problem = plain(problem)
        super().__init__(self.problem)
        self.field = field


class InvalidRequest(ReconError):
    """The request contradicts itself or the contract."""


class UnreadableInput(ReconError):
    """A file or folder can't be read, or holds nothing that this task can use."""


class UnusableData(ReconError):
    """The samples can't be processed: NaN, infinities, an impossible size."""


class UnknownModel(ReconError):
    """No such model or version."""


class ServiceUnavailable(ReconError):
    """The models can't be reached for the moment; trying again can help."""


class TooManyRequests(ReconError):
    """The service is full; trying again later can help."""


class DeadlineExceeded(ReconError):
    """The caller's time ran out."""


class OutputFailed(ReconError):
    """A result can't be written."""


class DiskFull(OutputFailed):
    """No space is left where a result should go; nobody's input is to blame."""


class MissingExtra(ReconError):
    """An optional part of the installation is needed and absent."""


def with_extra(problem: str, extra: str) -> str:
    """What is missing, and how to get it: no index has a package of this name that is ours."""
    return f"{problem}; in the folder of recon: pip install '.[{extra}]'"


class InternalError(ReconError):
    """A defect of the service; its log says more."""


@dataclass(frozen=True)
class ErrorOutcome:
    """How an error looks from outside.

    Attributes
    ----------
    status
        Name of the gRPC status code.
    exit_code
        Exit status of the command.
    retry_after_s
        When trying again can help, how long to wait first.
    """

    status: str
    exit_code: int
    retry_after_s: float | None = None


OUTCOMES: dict[type[ReconError], ErrorOutcome] = {
    InvalidRequest: ErrorOutcome("INVALID_ARGUMENT", 2),
    UnreadableInput: ErrorOutcome("INVALID_ARGUMENT", 2),
    UnusableData: ErrorOutcome("INVALID_ARGUMENT", 2),
    UnknownModel: ErrorOutcome("NOT_FOUND", 2),
    MissingExtra: ErrorOutcome("FAILED_PRECONDITION", 2),
    ServiceUnavailable: ErrorOutcome("UNAVAILABLE", 1, retry_after_s=0.5),
    TooManyRequests: ErrorOutcome("RESOURCE_EXHAUSTED", 1, retry_after_s=2.0),
    DeadlineExceeded: ErrorOutcome("DEADLINE_EXCEEDED", 1),
    DiskFull: ErrorOutcome("DATA_LOSS", 1),
    OutputFailed: ErrorOutcome("DATA_LOSS", 1),
    InternalError: ErrorOutcome("INTERNAL", 1),
}


def outcome_of(error: ReconError) -> ErrorOutcome:
    """The outcome of an error's class, or of the nearest class that it is a kind of."""
    return next((OUTCOMES[kind] for kind in type(error).__mro__ if kind in OUTCOMES), OUTCOMES[InternalError])


def one_line(error: BaseException) -> str:
    """Kind and words of any exception, such as a library's that says it in many lines."""
    return plain(" ".join(f"{type(error).__name__}: {error}".split()))


def reason_of(error: ReconError) -> str:
    """Stable reason for ``google.rpc.ErrorInfo``: the class name in upper snake case."""
    name = type(error).__name__
    return "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


def error_from_reason(reason: str) -> type[ReconError]:
    """The class that :func:`reason_of` made a reason from; unknown reasons are internal errors."""
    for kind in OUTCOMES:
        if reason_of(kind("")) == reason:
            return kind
    return InternalError
