"""Which models there are, and which one a request gets."""

from __future__ import annotations

from recon.engine.inference import Inference
from recon.engine.models import ServedModel
from recon.errors import ServiceUnavailable, UnknownModel
from recon.tasks.base import ModelFacts


class Catalogue:
    """The models of one place where they run, read again whenever it comes back."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._models: list[ServedModel] = []
        self._preferred: dict[str, tuple[str, str, str]] = {}
        self.ready = False

    async def refresh(self) -> bool:
        """Ask; returns whether at least one model can be used."""
        if not await self._inference.is_ready():
            self.ready = False
            return False
        self._models = await self._inference.models()
        self.ready = not all(model.away for model in self._models)
        return self.ready

    def lost(self) -> None:
        """They are gone."""
        self.ready = False

    @property
    def models(self) -> list[ServedModel]:
        """All models known, also while they are away."""
        return list(self._models)

    def prefer(self, task: str, name: str, version: str, reason: str) -> None:
        """From now on a request of the task that names no model gets this one."""
        self._preferred[task] = name, version, reason

    def preferred(self, task: str) -> tuple[str, str, str]:
        """The model that was preferred for a task, its version, and why; all empty where none was."""
        return self._preferred.get(task, ("", "", ""))

    def find(self, task: str, name: str = "", version: str = "") -> ServedModel:
        """A model by task, name and version.

        An empty name means what was preferred for the task, else its default; an empty version the preferred one
        then, else the newest.

        Raises
        ------
        UnknownModel
            When there is none.
        ServiceUnavailable
            When Triton is away, or this model alone.
        """
        found = self._find(task, name, version)
        if found.away:  # another one would be another image
            raise ServiceUnavailable(f"model {found.name} could not be loaded again so far; try again later")
        return found

    def _find(self, task: str, name: str = "", version: str = "") -> ServedModel:
        if not self.ready:
            raise ServiceUnavailable("the model server is starting or restarting; try again shortly")
        own = [model for model in self._models if model.task == task]
        preferred, its_version, _ = self.preferred(task)
        if not name and self.serves(task, preferred, version or its_version):
            name, version = preferred, version or its_version
        if not name:
            own_default = [model for model in own if model.is_default]
            fitting = own_default or (own if len({model.name for model in own}) == 1 else [])
        else:
            fitting = [model for model in own if model.name == name]
        fitting = [model for model in fitting if version in ("", model.version)]
        if not fitting:
            known = ", ".join(f"{m.name}:{m.version}" for m in own) or "none"
            wanted = f"{name or 'default'}:{version or 'newest'}"
            raise UnknownModel(f"no {task} model {wanted}; served: {known}", field="model")
        return max(fitting, key=lambda model: int(model.version))

    def facts(self, task: str) -> list[ModelFacts]:
        """What is known of each model of a task, the newest version of each."""
        names = dict.fromkeys(model.name for model in self._models if model.task == task)
        return [self._find(task, name).facts for name in names]

    def serves(self, task: str, name: str, version: str = "") -> bool:
        """Whether a model of that name and version is there; an empty version means any."""
        return any(m.task == task and m.name == name and version in ("", m.version) for m in self._models)
