"""The served weights on the served runtime in this process, or the function around them that answers in Triton."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recon.backend.runtime import runtime_of
from recon.bench.observation import Reply
from recon.bench.routes.requests import Given
from recon.engine.host import loaded
from recon.engine.models import ServedModel
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.serving.triton.repository import models_in

#: What a model is given of each slice of a request.
Inputs = Callable[[int, int], Given]


def model_repository() -> Path:
    """The repository of the embedded Triton."""
    return default_repository()


def weights_of(model: str, repository: Path | None = None) -> Path:
    """The newest ``model.onnx`` of a model in the repository.

    Raises
    ------
    InvalidRequest
        When it has none.
    """
    folder = (repository or default_repository()) / model
    found = [path for path in folder.glob("*/model.onnx") if path.parent.name.isdigit()]
    if not found:
        raise InvalidRequest(f"{folder} holds no model.onnx; name a model with --model")
    return max(found, key=lambda path: int(path.parent.name))


def served(model: str) -> ServedModel:
    """The newest version of a model of the repository.

    Raises
    ------
    InvalidRequest
        When there is none.
    """
    for folder in sorted(path.parent for path in default_repository().glob("*/config.pbtxt")):
        found = [entry for entry in models_in(folder) if entry.name == model]
        if found:
            return max(found, key=lambda entry: int(entry.version))
    raise InvalidRequest(f"{default_repository()} holds no model {model}; name one with --model")


def default_model(task: str) -> str:
    """The model that a task uses where none is named."""
    folders = sorted(path.parent for path in default_repository().glob("*/config.pbtxt"))
    own = [model for folder in folders for model in models_in(folder) if model.task == task]
    if not own:
        raise InvalidRequest(f"{default_repository()} holds no model for {task}")
    return next((model.name for model in own if model.is_default), own[0].name)


class LocalModel(Protocol):
    """What answers for a model in this process."""

    def __call__(self, tensors: Mapping[str, npt.NDArray[Any]], parameters: Mapping[str, str]) -> npt.NDArray[Any]:
        """Its output, valid until the next call."""

    @property
    def notes(self) -> dict[str, Any]:
        """What it is, once it has run."""


class LocalNetwork:
    """A network with one output, on the runtime that runs it inside Triton."""

    def __init__(self, weights: Path) -> None:
        import openvino

        self._run: Any = runtime_of(weights, "openvino")
        self.output = openvino.Core().read_model(weights).outputs[0].any_name

    def __call__(self, tensors: Mapping[str, npt.NDArray[Any]], parameters: Mapping[str, str]) -> npt.NDArray[Any]:
        """Its output, valid until the next call."""
        return self._run(tensors, [self.output])[0]

    @property
    def notes(self) -> dict[str, Any]:
        """Precision and threads, which the runtime has chosen when it has run once."""
        compiled = next(iter(self._run.compiled.values())).get_compiled_model()
        return {
            "precision": str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()),
            "bare_runtime_threads": int(compiled.get_property("INFERENCE_NUM_THREADS")),
        }


class LocalFunction:
    """A model that is more than one network: the function that answers for it inside Triton."""

    def __init__(self, model: ServedModel) -> None:
        self._model, self._name = loaded(default_repository() / model.host, model.version), model.host

    def __call__(self, tensors: Mapping[str, npt.NDArray[Any]], parameters: Mapping[str, str]) -> npt.NDArray[Any]:
        """Its only output."""
        (made,) = self._model.answer(tensors, parameters).values()
        return np.asarray(made)

    @property
    def notes(self) -> dict[str, Any]:
        """Which function."""
        return {"bare_runtime": f"the function of {self._name} that answers inside Triton, called in this process"}


def local_model(model: ServedModel) -> LocalModel:
    """What answers for a model, without anything around it."""
    if model.parameter("served_by") == "network":
        return LocalNetwork(weights_of(model.name))
    return LocalFunction(model)


class BareRuntime:
    """The model alone: one request at a time, in the order of asking, its inputs made before the clock starts.

    Parameters
    ----------
    model
        What answers.
    inputs
        Of each slice of a request.
    slices
        Of the request that it is tried with.
    """

    def __init__(self, model: LocalModel, inputs: Inputs, slices: int = 1) -> None:
        self._model, self._inputs = model, inputs
        self._known: dict[tuple[int, int], Given] = {}
        self._thread = ThreadPoolExecutor(1, "bare-runtime")
        self._model(*self._given(0, slices)[0])
        self.notes = model.notes

    async def __call__(self, item: int, slices: int) -> Reply:
        """Answer after those that asked before."""
        given = self._given(item, slices)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, given)

    def _given(self, item: int, slices: int) -> Given:
        if (item, slices) not in self._known:
            self._known[item, slices] = self._inputs(item, slices)
        return self._known[item, slices]

    def _answer(self, given: Given) -> Reply:
        pixels: list[bytes | memoryview] = []
        first, copying = None, 0.0
        for tensors, parameters in given:
            made = self._model(tensors, parameters)
            done = time.monotonic()
            first = first or done
            pixels.append(made.tobytes())  # for the check, not for the caller
            copying += time.monotonic() - done
        return Reply(len(given), pixels, first, time.monotonic() - copying)

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown()
