"""Triton's interface to a model in Python: loading what the configuration names, answering, refusing."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from array_api_compat import is_numpy_array

from served.arrays import Array
from served.backend.configuration import parameters_of, sha256_of
from served.backend.device import PROCESSOR, device_of
from served.backend.watch import Watch, unwanted
from served.physics.halting import Halt, Halted, never

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # outside Triton: training, evaluation and tests run the same code
    pb_utils = None

_NUMPY = {"TYPE_FP32": "float32", "TYPE_FP16": "float16", "TYPE_INT16": "int16", "TYPE_INT32": "int32"}


class RequestRefused(Exception):
    """A request that this model can't answer, in words for its caller."""


class PythonModel(ABC):
    """One model; Triton makes it, initialises it once, and hands it requests.

    Attributes
    ----------
    halt
        To be called between the steps of an iteration; raises where nobody waits for the answer any more.
    device
        Where its arithmetic and its networks run, ``cpu`` or such as ``cuda:0``.
    """

    halt: Halt = staticmethod(never)
    device: str = PROCESSOR

    @abstractmethod
    def load(self, folder: Path, config: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """Read the files of a version, which are those that the configuration names, and run once.

        Parameters
        ----------
        folder
            Of the version.
        config
            Triton's description of the model.
        parameters
            Of this version.
        """

    @abstractmethod
    def answer(self, inputs: Mapping[str, Array], parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """Outputs by name, NumPy's or where the model's device has them.

        Parameters
        ----------
        inputs
            By name; an optional input that is absent or empty is not among them.
        parameters
            Of the request.

        Raises
        ------
        RequestRefused
            When the request is not one for this model.
        """

    def initialize(self, args: Mapping[str, str]) -> None:
        """Called by Triton once."""
        config = json.loads(args["model_config"])
        parameters = parameters_of(config, args["model_version"])
        folder = Path(args["model_repository"]) / args["model_version"]
        found = sha256_of([folder / name for name in parameters["files"].split(",")])
        if found != parameters["sha256"]:
            raise pb_utils.TritonModelException(f"{folder} does not hold the files that config.pbtxt names: {found}")
        self.names = [entry["name"] for entry in config["input"]]
        self.halt = self.watch = Watch()
        self.device = device_of(args)
        self.load(folder, config, parameters)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Called by Triton with what has come."""
        return [self._response(request) for request in requests]

    def _response(self, request: Any) -> Any:
        parameters = json.loads(request.parameters() or "{}")
        self.watch.begin(unwanted(parameters, request.is_cancelled))
        try:
            self.halt()
            outputs = self.answer(self._inputs(request), parameters)
        except Halted:
            return _error("cancelled", pb_utils.TritonError.CANCELLED)
        except RequestRefused as refused:
            return _error(str(refused), pb_utils.TritonError.INVALID_ARG)
        finally:
            self.watch.done()
        return pb_utils.InferenceResponse([_tensor(name, array) for name, array in outputs.items()])

    def _inputs(self, request: Any) -> dict[str, Array]:
        found = {}
        for name in self.names:
            tensor = pb_utils.get_input_tensor_by_name(request, name)
            if tensor is not None and (array := tensor.as_numpy()).size:
                found[name] = np.ascontiguousarray(array)
        return found


def numpy_type(data_type: str) -> np.dtype[Any]:
    """NumPy's type of Triton's, such as ``TYPE_FP32``."""
    return np.dtype(_NUMPY[data_type])


def as_complex(array: Array) -> npt.NDArray[np.complex64]:
    """Complex samples of pairs (…, 2) float32, as they travel."""
    return np.ascontiguousarray(array, np.float32).view(np.complex64)[..., 0]


def as_measured(inputs: Mapping[str, Array]) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.bool_]]:
    """k-space (coils, ky, kx) of the inputs ``kspace`` and ``counts``, and which samples (ky, kx) were measured.

    Without counts all were.
    """
    kspace = as_complex(inputs["kspace"])[0]
    counts = inputs.get("counts")
    return kspace, np.ones(kspace.shape[1:], bool) if counts is None else counts > 0


def _tensor(name: str, array: Any) -> Any:
    """Triton's tensor of an output; one on a GPU stays there until Triton hands it on."""
    return pb_utils.Tensor(name, array) if is_numpy_array(array) else pb_utils.Tensor.from_dlpack(name, array)


def _error(words: str, code: Any) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(words, code))
