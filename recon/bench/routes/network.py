"""The served weights on the served runtime in this process, without anything around them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recon.backend.runtime import runtime_of
from recon.bench.observation import Reply
from recon.engine.models import ServedModel
from recon.engine.repository import default_repository
from recon.errors import InvalidRequest
from recon.serving.triton.repository import models_in
from recon.volumes import FloatImage

#: The network's inputs by name of each slice of a request.
Inputs = Callable[[int, int], Sequence[Mapping[str, FloatImage]]]


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


class LocalNetwork:
    """A network with one output, run by the code that runs it inside Triton."""

    def __init__(self, weights: Path) -> None:
        import openvino

        self._run: Any = runtime_of(weights, "openvino")
        self.output = openvino.Core().read_model(weights).outputs[0].any_name

    def __call__(self, tensors: Mapping[str, FloatImage]) -> FloatImage:
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


class BareRuntime:
    """The network alone: one request at a time, in the order of asking, its inputs made before the clock starts.

    Parameters
    ----------
    weights
        ONNX file.
    inputs
        Of each slice of a request.
    slices
        Of the request that it is tried with.
    """

    def __init__(self, weights: Path, inputs: Inputs, slices: int = 1) -> None:
        self._network, self._inputs = LocalNetwork(weights), inputs
        self._known: dict[tuple[int, int], Sequence[Mapping[str, FloatImage]]] = {}
        self._thread = ThreadPoolExecutor(1, "bare-runtime")
        self.output(0, slices)
        self.notes = self._network.notes

    async def __call__(self, item: int, slices: int) -> Reply:
        """Infer after those that asked before."""
        tensors = self._tensors(item, slices)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._infer, tensors)

    def output(self, item: int, slices: int = 1) -> FloatImage:
        """(1, channels, y, x) for the first slice of a request; not while others infer."""
        return self._network(self._tensors(item, slices)[0]).copy()

    def _tensors(self, item: int, slices: int) -> Sequence[Mapping[str, FloatImage]]:
        if (item, slices) not in self._known:
            self._known[item, slices] = self._inputs(item, slices)
        return self._known[item, slices]

    def _infer(self, tensors: Sequence[Mapping[str, FloatImage]]) -> Reply:
        pixels: list[bytes | memoryview] = []
        first, copying = None, 0.0
        for given in tensors:
            made = self._network(given)
            done = time.monotonic()
            first = first or done
            pixels.append(made.tobytes())  # for the check, not for the caller
            copying += time.monotonic() - done
        return Reply(len(tensors), pixels, first, time.monotonic() - copying)

    def close(self) -> None:
        """End its thread."""
        self._thread.shutdown()
