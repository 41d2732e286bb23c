"""What Triton says about a model, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recon.tasks.base import ModelFacts


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
    """

    name: str
    version: str
    host: str
    method: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter of this version, else of all versions."""
        return self.parameters.get(f"{name}.{self.version}", self.parameters.get(name, default))

    @property
    def task(self) -> str:
        """``mr``, ``ct`` or ``contrast``."""
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
        return runtime and f"{runtime}, threads: {self.parameter('threads')}, instances: {self.parameter('instances')}"

    @property
    def is_default(self) -> bool:
        """Whether the task uses it where a request names none."""
        return self.parameter("default") == "yes" and self.method == self.parameter("default_method")

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


def models_of(config: Any, version: str) -> list[ServedModel]:
    """The models that one entry of Triton's repository serves: itself, or each of its ``methods``."""
    values = {key: value.string_value for key, value in config.parameters.items()}
    methods = [name for name in values.get("methods", "").split(",") if name]
    if not methods:
        return [ServedModel(config.name, version, config.name, "", values)]
    return [ServedModel(method, version, config.name, method, values) for method in methods]
