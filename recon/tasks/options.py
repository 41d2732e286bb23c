"""What a caller may choose for a task, declared once: command, batch and report are made from it.

An option is a field of a frozen dataclass; its annotation says what a person reads and what holds::

    strength: Annotated[float, OptionSpec("Share of the noise to remove.", least=0.0, most=1.0)] = 1.0
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints


@dataclass(frozen=True)
class OptionSpec:
    """How an option is shown, and its range.

    Attributes
    ----------
    help
        One line for a person.
    least, most
        Of a number; None leaves that end open.
    among
        Of a text; empty leaves it open.
    words
        That may stand for a number, such as ``auto``; the field is a ``float | str`` then.
    flag
        Name on the command line, where it is not the field's.
    """

    help: str
    least: float | None = None
    most: float | None = None
    flag: str = ""
    among: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """What may be chosen for every task.

    Attributes
    ----------
    model, model_version
        By default the service chooses.
    timeout_s
        For one job.
    """

    model: Annotated[str, OptionSpec("Model to use; by default the service chooses and says why.")] = ""
    model_version: str = ""
    timeout_s: Annotated[float, OptionSpec("Seconds that one series may take.", least=1.0, flag="timeout")] = 3600.0


@dataclass(frozen=True)
class Option:
    """One option of a task, as its dataclass declares it.

    Attributes
    ----------
    name
        Of the field.
    kind
        ``str``, ``float``, ``int`` or ``bool``.
    default
        What holds where nothing was chosen.
    choice
        How it is shown; None for one that the command leaves out.
    common
        Whether every task has it.
    """

    name: str
    kind: type
    default: Any
    choice: OptionSpec | None
    common: bool

    def problem(self, value: Any) -> str:
        """Why a value can't be chosen; empty when it can."""
        words = self.choice.words if self.choice else ()
        if value in words and isinstance(value, str):
            return ""
        number = self.kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not number and type(value) is not self.kind:
            return " or ".join((f"it must be like {self.default!r}", *words))
        if self.choice and self.choice.among and value not in self.choice.among:
            return f"it must be one of {', '.join(self.choice.among)}"
        least, most = (self.choice.least, self.choice.most) if self.choice else (None, None)
        if (least is not None and not value >= least) or (most is not None and not value <= most):
            return f"it must lie between {least} and {most}" if most is not None else f"it must be at least {least}"
        return ""


def options_of(kind: type[Options]) -> Iterator[Option]:
    """The options of a task, its own behind those that every task has."""
    common = {field.name for field in fields(Options)}
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        plain, *extra = get_args(hints[field.name]) or (hints[field.name],)
        choice = next((entry for entry in extra if isinstance(entry, OptionSpec)), None)
        kind_of_value = float if choice and choice.words else plain
        yield Option(field.name, kind_of_value, field.default, choice, field.name in common)
