"""What a run is told, from the command line or from a YAML file, and kept in its ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from recon.batch.plan import SKIP, TaskRule
from recon.errors import InvalidRequest, UnreadableInput
from recon.tasks.options import options_of
from recon.tasks.registry import tasks as known_tasks


@dataclass(frozen=True)
class Spec:
    """One reprocessing of an archive.

    Attributes
    ----------
    inputs
        Folders (or files), absolute.
    servers
        HOST:PORT of each service; none starts one for the length of the run.
    tasks
        Options by task, such as ``{"ct": {"strength": 0.8}}``.
    rules
        Tasks fixed by file name; the first that matches counts.
    in_flight
        Most items with the service at a time.
    settle_s
        How long the youngest file must stay as it is before the archive is taken for complete, s.
    patience_s
        How long to wait for a service that is away, s.
    cluster
        Address of a Dask scheduler; empty for none.
    slurm
        Options of ``dask_jobqueue.SLURMCluster``, with ``workers``; empty for none.
    """

    inputs: list[str]
    servers: list[str] = field(default_factory=list)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[TaskRule] = field(default_factory=list)
    in_flight: int = 8
    settle_s: float = 3.0
    patience_s: float = 600.0
    cluster: str = ""
    slurm: dict[str, Any] = field(default_factory=dict)

    @property
    def roots(self) -> list[Path]:
        """The inputs as paths."""
        return [Path(path) for path in self.inputs]

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)


def spec_of(content: Mapping[str, Any], where: str, base: Path) -> Spec:
    """A specification from the mapping that a file or a ledger holds.

    Parameters
    ----------
    content
        Fields of :class:`Spec`.
    where
        Where it comes from, for errors.
    base
        What relative inputs are relative to.

    Raises
    ------
    InvalidRequest
        When a field is unknown, missing or of the wrong kind; the line names it.
    """
    known = {item.name for item in fields(Spec)}
    unknown = sorted(set(map(str, content)) - known)
    if unknown:
        raise InvalidRequest(f"{where}: unknown field '{unknown[0]}'; known are {', '.join(sorted(known))}")
    values = dict(content)
    for name in ("inputs", "servers"):
        if isinstance(values.get(name), str):
            values[name] = [values[name]]
        if not all(isinstance(entry, str) for entry in _kind(values.setdefault(name, []), list, name, where)):
            raise InvalidRequest(f"{where}: {name} must be a list of texts")
    if not values["inputs"]:
        raise InvalidRequest(f"{where}: 'inputs' names no folder")
    # not resolve(): paths are shown as the caller knows them
    values["inputs"] = [os.path.abspath(base / path) for path in values["inputs"]]
    for name, kind in (("in_flight", int), ("settle_s", float), ("patience_s", float)):
        if name in values:
            number = values[name]
            valid = isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number < 1e9
            if not valid or (kind is int and number != int(number)) or (name == "in_flight" and number < 1):
                raise InvalidRequest(f"{where}: {name} is {number!r}; a number is needed")
            values[name] = kind(number)
    tasks = _kind(values.get("tasks") or {}, dict, "tasks", where)
    for task, options in tasks.items():
        if task not in known_tasks() or not isinstance(options, dict):
            known_names = ", ".join(known_tasks())
            raise InvalidRequest(f"{where}: tasks has '{task}'; known are {known_names}, each with options")
        has = {option.name: option for option in options_of(known_tasks()[task].options)}
        for name, value in options.items():
            if name not in has:
                raise InvalidRequest(f"{where}: {task} has no option '{name}'; known are {', '.join(has)}")
            if problem := has[name].problem(value):
                raise InvalidRequest(f"{where}: {name} of {task} is {value!r}; {problem}")
    values["tasks"], values["slurm"] = tasks, _kind(values.get("slurm") or {}, dict, "slurm", where)
    values["cluster"] = str(values.get("cluster") or "")
    values["rules"] = [_rule(entry, where) for entry in _kind(values.get("rules") or [], list, "rules", where)]
    return Spec(**values)


def read_spec(path: Path) -> Spec:
    """A specification from a YAML file; relative inputs are relative to the file.

    Raises
    ------
    UnreadableInput
        When the file can't be read or is no YAML.
    InvalidRequest
        When a field is wrong.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise UnreadableInput(f"{path}: no YAML" + (f", line {line + 1}" if line is not None else "")) from error
    return spec_of(_kind(content, dict, "the file", str(path)), str(path), path.parent)


def _kind(value: Any, kind: type, name: str, where: str) -> Any:
    if not isinstance(value, kind):
        word = "a list" if kind is list else "a mapping of names to values"
        raise InvalidRequest(f"{where}: {name} must be {word}")
    return value


def _rule(entry: Any, where: str) -> TaskRule:
    single = [task.name for task in known_tasks().values() if len(task.inputs) == 1]
    if not isinstance(entry, dict) or set(entry) != {"match", "task"} or entry["task"] not in (*single, SKIP):
        words = f"{', '.join(single)} or {SKIP}"
        raise InvalidRequest(f"{where}: a rule has 'match' (a pattern of paths) and 'task' ({words})")
    return TaskRule(str(entry["match"]), str(entry["task"]))
