"""Runs model.onnx beside this file inside Triton's Python backend.

The container of a site's own Triton has neither the recon package nor its dependencies, so this file
stands alone: it needs numpy and OpenVINO, or ONNX Runtime in its place. It knows no task: inputs,
outputs and their types are those of the configuration and of the network.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # outside Triton: the calibration and the tests use the same runtime
    pb_utils = None

MOST_SHAPES = 4  # compiled networks kept, one per combination of input shapes


class _OpenVino:
    """The network compiled for each combination of input shapes that comes along."""

    def __init__(self, path: Path) -> None:
        import openvino

        self.openvino = openvino
        self.core = openvino.Core()
        self.path = path
        self.compiled: OrderedDict[Any, Any] = OrderedDict()

    def _request(self, inputs: Mapping[str, Any]) -> Any:
        key = tuple((name, array.shape) for name, array in inputs.items())
        if key not in self.compiled:
            network = self.core.read_model(self.path)
            network.reshape({name: list(array.shape) for name, array in inputs.items()})
            options = {"PERFORMANCE_HINT": "LATENCY"}
            self.compiled[key] = self.core.compile_model(network, "CPU", options).create_infer_request()
            while len(self.compiled) > MOST_SHAPES:
                self.compiled.popitem(last=False)
        self.compiled.move_to_end(key)
        return self.compiled[key]

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[Any]:
        """Run it; what comes back is valid until the next call."""
        request = self._request(inputs)
        for name, array in inputs.items():
            request.set_tensor(name, self.openvino.Tensor(array, shared_memory=True))
        request.infer()
        return [request.get_tensor(name).data for name in outputs]


class _OnnxRuntime:
    def __init__(self, path: Path) -> None:
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[Any]:
        """Run it."""
        return list(self.session.run(outputs, inputs))


def runtime_of(path: Path) -> "_OpenVino | _OnnxRuntime":
    """The network of a file on OpenVINO, else on ONNX Runtime."""
    try:
        return _OpenVino(path)
    except ImportError:
        return _OnnxRuntime(path)


def parameters_of(config: dict[str, Any], version: str) -> dict[str, str]:
    """Parameters of this version, without its number, over those of all versions."""
    values = {key: value["string_value"] for key, value in config.get("parameters", {}).items()}
    own = {key.rpartition(".")[0]: value for key, value in values.items() if key.rpartition(".")[2] == version}
    return {**values, **own}


def verified(folder: Path, parameters: dict[str, str]) -> list[Path]:
    """The model's files, once their SHA-256 is the one that the configuration names."""
    paths = [folder / name for name in parameters["files"].split(",")]
    found = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    if found != parameters["sha256"]:
        raise pb_utils.TritonModelException(f"{folder} does not hold the files that config.pbtxt names: {found}")
    return paths


def worthless(request: Any) -> bool:
    """Whether nobody waits for the answer any more."""
    if request.is_cancelled():
        return True
    deadline = json.loads(request.parameters() or "{}").get("deadline_unix_s")
    return deadline is not None and float(deadline) < time.time()


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Check and load the network, and run it once."""
        config = json.loads(args["model_config"])
        parameters = parameters_of(config, args["model_version"])
        (path,) = verified(Path(args["model_repository"]) / args["model_version"], parameters)
        self.inputs = [entry["name"] for entry in config["input"]]
        self.outputs = [entry["name"] for entry in config["output"]]
        self.run = runtime_of(path)
        warm = {}
        for part in parameters["warm_shape"].split(";"):  # "1,1,512,512" or "kspace:1,8,64,64;noise:1"
            name, _, sides = part.rpartition(":")
            entry = next(e for e in config["input"] if e["name"] == (name or self.inputs[0]))
            shape = [int(side) for side in sides.split(",")]
            warm[entry["name"]] = np.zeros(shape, pb_utils.triton_string_to_numpy(entry["data_type"]))
        self.run(warm, self.outputs)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        if worthless(request):
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        inputs = {
            name: np.ascontiguousarray(pb_utils.get_input_tensor_by_name(request, name).as_numpy())
            for name in self.inputs
        }
        made = self.run(inputs, self.outputs)
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor(name, array) for name, array in zip(self.outputs, made, strict=True)]
        )
