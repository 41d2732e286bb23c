"""The served models in this process: the same files and the same code as on Triton, without it.

One inference runs at a time, on a thread of its own, as in one instance of a model on Triton. Models are
loaded when they are first asked for.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.backend.configuration import FILE, model_config_in, of_version, parameters_in, sha256_of
from recon.backend.python_model import PythonModel, RequestRefused
from recon.engine.inference import Request, Tensors, empty, real
from recon.engine.models import ServedModel, models_of
from recon.errors import InternalError, InvalidRequest
from recon.physics.halting import Halted


class Host:
    """Models of a repository, run here.

    Parameters
    ----------
    repository
        Folder of models as Triton takes it.

    Raises
    ------
    InvalidRequest
        When it holds no model.
    """

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._folders = sorted(path.parent for path in repository.glob(f"*/{FILE}"))
        if not self._folders:
            raise InvalidRequest(f"{repository} holds no model")
        self._loaded: dict[tuple[str, str], PythonModel] = {}
        self._thread = ThreadPoolExecutor(1, "model")

    async def is_ready(self) -> bool:
        """Always: what is missing is said when it is asked for."""
        return True

    async def models(self) -> list[ServedModel]:
        """Every version of every model."""
        return [
            model
            for folder in self._folders
            for version in sorted(path.name for path in folder.iterdir() if path.name.isdigit())
            for model in models_of(folder.name, parameters_in(folder), version)
        ]

    async def begin(self, request: Request, fill: Callable[[Tensors], object]) -> HostCall:
        """See :class:`recon.engine.inference.Inference`."""
        tensors = empty(request.inputs)
        if request.quick:
            fill(tensors)
        else:
            await asyncio.to_thread(fill, tensors)
        given_up = threading.Event()
        return HostCall(self._thread.submit(self._answer, request, tensors, given_up.is_set), given_up)

    def close(self) -> None:
        """Let go of the models when the one that runs has ended."""
        self._thread.shutdown(cancel_futures=True)
        self._loaded.clear()

    def _answer(
        self, request: Request, tensors: Mapping[str, npt.NDArray[Any]], given_up: Callable[[], bool]
    ) -> Tensors:
        def halt() -> None:
            if given_up():
                raise Halted

        model = self._model(request.model.host, request.model.version)
        parameters = {**request.parameters, **({"method": request.model.method} if request.model.method else {})}
        given = {name: np.ascontiguousarray(real(array)) for name, array in tensors.items() if array.size}
        model.halt = halt
        try:
            halt()
            outputs = model.answer(given, parameters)
        except RequestRefused as refused:
            raise InternalError(f"the model refused this input: {refused}") from refused
        # what a model returns may be overwritten by its next answer
        return {name: outputs[name].copy() for name in request.outputs}

    def _model(self, name: str, version: str) -> PythonModel:
        """A model, loaded and held against its checksum."""
        if (name, version) not in self._loaded:
            self._loaded[name, version] = loaded(self._repository / name, version)
        return self._loaded[name, version]


class HostCall:
    """One inference that waits for the thread, or is on it."""

    def __init__(self, call: Future[Tensors], given_up: threading.Event) -> None:
        self._call, self._given_up = call, given_up

    async def outputs(self) -> Tensors:
        """See :class:`recon.engine.inference.Running`."""
        return await asyncio.wrap_future(self._call)

    def release(self) -> None:
        """It does not run if it has not begun, and ends when the model looks."""
        self._given_up.set()
        self._call.cancel()


def loaded(folder: Path, version: str) -> PythonModel:
    """A version of a model's folder, held against its checksum, loaded and ready to answer.

    Raises
    ------
    InternalError
        When its files are others.
    InvalidRequest
        When it runs on Triton only.
    """
    config = model_config_in(folder)
    parameters = of_version(parameters_in(folder), version)
    found = sha256_of([folder / version / part for part in parameters["files"].split(",")])
    if found != parameters["sha256"]:
        raise InternalError(f"{folder / version} does not hold the files that {FILE} names: {found}")
    model = _code_of(folder.name, parameters)
    model.names = [entry["name"] for entry in config["input"]]
    model.load(folder / version, config, parameters)
    return model


def runs_here(model: ServedModel) -> bool:
    """Whether its configuration names code that runs outside of Triton."""
    return bool(model.parameter("served_by"))


def _code_of(name: str, parameters: Mapping[str, str]) -> PythonModel:
    """What answers for a model: ``TritonPythonModel`` of a file of :mod:`recon.backend`, or of a site's own module."""
    served_by = parameters.get("served_by", "")
    if not served_by:
        raise InvalidRequest(
            f"model {name} has no code that runs outside of Triton ('served_by' in its {FILE}); "
            "run recon serve, and Client(HOST:PORT) instead of recon.local()"
        )
    module = served_by if "." in served_by else f"recon.backend.{served_by}"
    try:
        model = importlib.import_module(module).TritonPythonModel()
    except ModuleNotFoundError as error:
        raise InvalidRequest(f"model {name} is served by {module}, and {error.name} is not installed") from error
    if not isinstance(model, PythonModel):
        raise InvalidRequest(
            f"model {name}: {module}.TritonPythonModel must be a recon.backend.python_model.PythonModel"
        )
    return model
