"""How a model is to run on this machine, as ``recon bench tune`` measured and wrote it down."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from recon.backend.configuration import FILE, parameters_in
from recon.engine.models import ServedModel
from recon.errors import InvalidRequest
from recon.machine import describe, differences


@dataclass(frozen=True)
class Tuning:
    """Setting of one version of a model.

    Attributes
    ----------
    model, version
        In the repository.
    runtime
        ``openvino`` or ``onnxruntime``.
    threads
        Of one inference.
    instances
        Processes that hold the model, so many requests are answered at a time.
    alone
        Threads of a second network in each process, for a request that has the machine to itself; 0 for none.
    """

    model: str
    version: str
    runtime: str
    threads: int
    instances: int
    alone: int = 0

    @property
    def parameters(self) -> dict[str, str]:
        """Of the model's configuration, where backend and gateway find it."""
        values = {"runtime": self.runtime, "threads": str(self.threads), "instances": str(self.instances)}
        if self.alone:
            values["threads_alone"] = str(self.alone)
        return {f"{key}.{self.version}": value for key, value in values.items()}


class _Choice(BaseModel):
    runtime: Literal["openvino", "onnxruntime"]
    threads: int = Field(ge=1)
    instances: int = Field(ge=1)
    alone: int = Field(0, ge=0)


class _Record(BaseModel):
    kind: Literal["tune"]
    machine: dict[str, Any]
    model: str
    version: str
    sha256: str
    choice: _Choice


def read_tunings(paths: Sequence[Path], models: Sequence[ServedModel], repository: Path) -> list[Tuning]:
    """The settings in records of ``recon bench tune``.

    Parameters
    ----------
    paths
        Of the records, one for a model.
    models
        Versions that the repository holds.
    repository
        Where they are.

    Raises
    ------
    InvalidRequest
        When a record is of another machine, another model or other weights, or can't be obeyed.
    """
    found: dict[str, Tuning] = {}
    for path in paths:
        tuning = _checked(path, _read(path), models, repository)
        if tuning.model in found:
            raise InvalidRequest(f"{path}: there is another record for {tuning.model}; give one of them")
        found[tuning.model] = tuning
    return list(found.values())


def serves_settings(version: Path) -> bool:
    """Whether a version's folder is served by the code of single networks, which can be told how to run."""
    return (version.parent / FILE).exists() and parameters_in(version.parent).get("served_by") == "network"


def model_of(path: Path) -> str:
    """The model that a record is of.

    Raises
    ------
    InvalidRequest
        When it is no record.
    """
    return _read(path).model


def words_of(path: Path) -> str:
    """What a record chose, for a person.

    Raises
    ------
    InvalidRequest
        When it is no record.
    """
    record = _read(path)
    parts = {"threads": record.choice.threads, "instances": record.choice.instances}
    if record.choice.alone:
        parts["threads of a request alone"] = record.choice.alone
    return f"{record.model}: {record.choice.runtime}, {', '.join(f'{name}: {value}' for name, value in parts.items())}"


def _read(path: Path) -> _Record:
    try:
        return _Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidRequest(f"can't read {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise InvalidRequest(f"{path} is no record of recon bench tune: {where}: {first['msg']}") from error


def _checked(path: Path, record: _Record, models: Sequence[ServedModel], repository: Path) -> Tuning:
    again = f"run recon bench tune --model {record.model} here"
    try:
        other = differences(record.machine, describe())
    except KeyError as error:
        raise InvalidRequest(f"{path} does not describe its machine: no {error}") from error
    if other:
        raise InvalidRequest(f"{path} is of another machine ({'; '.join(other)}); {again}")
    known = [model for model in models if (model.name, model.version) == (record.model, record.version)]
    if not known:
        raise InvalidRequest(f"{path} is of {record.model}:{record.version}, which {repository} does not hold")
    if known[0].sha256 != record.sha256:
        raise InvalidRequest(
            f"{path} is of other weights of {record.model}:{record.version} "
            f"({record.sha256[:16]}, served: {known[0].sha256[:16]}); {again}"
        )
    if not serves_settings(repository / record.model / record.version):
        raise InvalidRequest(f"{path}: {record.model} is served by a file of its own, which takes no settings")
    choice = record.choice
    if importlib.util.find_spec(choice.runtime) is None:
        raise InvalidRequest(f"{path} chose {choice.runtime}, which is not installed here; install it, or {again}")
    return Tuning(record.model, record.version, choice.runtime, choice.threads, choice.instances, choice.alone)
