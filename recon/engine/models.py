"""What a repository says about a model, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recon.tasks.base import ModelFacts
from recon.v1 import models_pb2


@dataclass(frozen=True)
class ServedModel:
    """One version of a model, as the parameters of its configuration describe it.

    Parameters that differ between versions carry the version's number: ``sha256.2``,
    ``conformal_factor.2``; without a number they hold for all.

    Attributes
    ----------
    name, version
        Under which callers ask for it.
    host
        Triton's name of it; one Triton model may hold several methods.
    method
        Which of them; empty where the model is just one.
    parameters
        Of its configuration.
    away
        Whether it was there and is to come back, but can't be used now.
    """

    name: str
    version: str
    host: str
    method: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    away: bool = False

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter of this version, else of all versions."""
        return self.parameters.get(f"{name}.{self.version}", self.parameters.get(name, default))

    @property
    def task(self) -> str:
        """Name of the task that it is for."""
        return self.parameter("task")

    @property
    def conformal_factor(self) -> float:
        """What interval half-widths are multiplied by."""
        return float(self.parameter("conformal_factor", "1"))

    @property
    def sha256(self) -> str:
        """Over its files, checked by the model when it was loaded."""
        return self.parameter("sha256")

    @property
    def tuning(self) -> str:
        """How it runs on this machine where that was measured, in words; empty where the runtime chooses."""
        runtime = self.parameter("runtime")
        if not runtime:
            return ""
        alone = self.parameter("threads_alone")
        words = f"{runtime}, threads: {self.parameter('threads')}, instances: {self.parameter('instances')}"
        return f"{words}, threads of a request alone: {alone}" if alone else words

    @property
    def is_default(self) -> bool:
        """Whether the task uses it where a request names none."""
        return self.parameter("default") == "yes" and not self.method

    @property
    def facts(self) -> ModelFacts:
        """What the task may know about it."""
        plain = {key: value for key, value in self.parameters.items() if "." not in key}
        own = {
            key.rpartition(".")[0]: value
            for key, value in self.parameters.items()
            if key.rpartition(".")[2] == self.version
        }
        return ModelFacts(self.name, self.version, self.sha256, self.conformal_factor, {**plain, **own})


def models_of(name: str, parameters: Mapping[str, str], version: str) -> list[ServedModel]:
    """The models that one entry of a repository serves: itself, or each of its ``methods``."""
    values = dict(parameters)
    methods = [method for method in values.get("methods", "").split(",") if method]
    if not methods:
        return [ServedModel(name, version, name, "", values)]
    return [ServedModel(method, version, name, method, values) for method in methods]


def model_to_message(model: ServedModel, *, ready: bool, inferences: int = 0) -> models_pb2.Model:
    """A model as callers are told of it."""
    return models_pb2.Model(
        name=model.name,
        version=model.version,
        task=model.task,
        sha256=model.sha256,
        ready=ready and not model.away,
        description=model.parameter("description"),
        is_default=model.is_default,
        conformal_factor=model.conformal_factor,
        tuning=model.tuning,
        inference_count=inferences,
    )
