"""A command for every task, made from its inputs and its options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from recon.cli.options import AsJson, ResultFolder, RunningService, TlsCa, TlsCert, TlsKey
from recon.cli.session import tls_of
from recon.cli.work import looked_at, work
from recon.tasks.base import Input, Task
from recon.tasks.options import Option, options_of

#: What every task's command takes beside its inputs and options.
_SERVICE = {"server": RunningService, "tls_ca": TlsCa, "tls_cert": TlsCert, "tls_key": TlsKey}


def command_of(task: Task) -> Callable[..., None]:
    """``recon TASK``."""
    shown = [option for option in options_of(task.options) if option.choice is not None]

    def command(**values: Any) -> None:
        given = {entry.name: _paths(values[entry.name]) for entry in task.inputs}
        chosen = {option.name: values[flag_of(option)] for option in shown}
        tls = tls_of(values["tls_ca"], values["tls_cert"], values["tls_key"], values["server"])
        found = work(
            task.find(given, looked_at),
            values["output"],
            task.options(**chosen),
            server=values["server"],
            tls=tls,
            as_json=values["as_json"],
            nothing=nothing_in(task, given),
        )
        raise typer.Exit(found)

    own = [option for option in shown if not option.common]
    common = [option for option in shown if option.common]
    parameters = [
        *(parameter_of_input(entry) for entry in task.inputs),
        _parameter("output", ResultFolder, inspect.Parameter.empty),
        *(parameter_of(option) for option in (*own, *common)),
        *(_parameter(name, kind, None) for name, kind in _SERVICE.items()),
        _parameter("as_json", AsJson, False),
    ]
    return with_parameters(command, task.name, task.summary, parameters)


def nothing_in(task: Task, given: Mapping[str, Sequence[Path]]) -> str:
    """What to say where no job was found."""
    return f"no {task.noun} in {', '.join(str(path) for paths in given.values() for path in paths)}; nothing was done"


def flag_of(option: Option) -> str:
    """The name of an option as a parameter of a command."""
    return (option.choice.flag if option.choice else "") or option.name


def parameter_of(option: Option, flag: str = "", prefix: str = "") -> inspect.Parameter:
    """An option as a parameter.

    Parameters
    ----------
    option
        One that is shown.
    flag
        Its name, where that is another one here; then it is None where it was not chosen.
    prefix
        Before its help.
    """
    choice, name = option.choice, flag or flag_of(option)
    assert choice is not None
    # one name, so that a switch has no opposite: it is off where it is not named
    word = f"--{name.replace('_', '-')}"
    text = f"{prefix}{choice.help}"
    if choice.words:
        metavar = "|".join(("NUMBER", *choice.words))
        shown = typer.Option(word, help=text, parser=partial(_number_or_word, option), metavar=metavar)
    else:
        shown = typer.Option(word, help=text, min=choice.least, max=choice.most)
    plain: Any = Literal[choice.among] if choice.among else option.kind
    kind: Any = plain | None if flag else plain
    return _parameter(name, Annotated[kind, shown], None if flag else option.default)


def _number_or_word(option: Option, given: str | float) -> float | str:
    """A value of an option that takes a number, or a word for one."""
    value: float | str = given
    with suppress(ValueError):
        value = float(given)
    if problem := option.problem(value):
        raise typer.BadParameter(problem)
    return value


def parameter_of_input(entry: Input) -> inspect.Parameter:
    """An input as a parameter: the command's argument, or an option that must be there."""
    if entry.many:
        kind: Any = Annotated[list[Path], typer.Argument(help=entry.help, metavar="INPUT...")]
    else:
        kind = Annotated[Path, typer.Option(help=entry.help)]
    return _parameter(entry.name, kind, inspect.Parameter.empty)


def with_parameters(
    command: Callable[..., None], name: str, summary: str, parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """A function that takes any keywords, as one of these parameters."""
    command.__name__, command.__doc__ = name, summary
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _paths(value: Path | Sequence[Path]) -> list[Path]:
    return [value] if isinstance(value, Path) else list(value)
