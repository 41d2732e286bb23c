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

    def __init__(self, path: Path, threads: int = 0) -> None:
        import openvino

        self.openvino = openvino
        self.core = openvino.Core()
        self.path = path
        self.options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads:  # several instances would be pinned to the same cores
            self.options |= {"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
        self.compiled: OrderedDict[Any, Any] = OrderedDict()

    def _request(self, inputs: Mapping[str, Any]) -> Any:
        key = tuple((name, array.shape) for name, array in inputs.items())
        if key not in self.compiled:
            network = self.core.read_model(self.path)
            network.reshape({name: list(array.shape) for name, array in inputs.items()})
            self.compiled[key] = self.core.compile_model(network, "CPU", self.options).create_infer_request()
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
    def __init__(self, path: Path, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads  # 0 leaves it to the runtime
        self.session = onnxruntime.InferenceSession(str(path), options, onnxruntime.get_available_providers())

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[Any]:
        """Run it."""
        return list(self.session.run(outputs, inputs))


def runtime_of(path: Path, runtime: str = "", threads: int = 0) -> "_OpenVino | _OnnxRuntime":
    """The network of a file on a runtime and its threads; unless told, on OpenVINO, else on ONNX Runtime."""
    if runtime:
        return _OnnxRuntime(path, threads) if runtime == "onnxruntime" else _OpenVino(path, threads)
    try:
        return _OpenVino(path, threads)
    except ImportError:
        return _OnnxRuntime(path, threads)


def parameters_of(config: dict[str, Any], version: str) -> dict[str, str]:
    """Parameters of this version, without its number, over those of all versions."""
    values = {key: value["string_value"] for key, value in config.get("parameters", {}).items()}
    own = {key.rpartition(".")[0]: value for key, value in values.items() if key.rpartition(".")[2] == version}
    return {**values, **own}


def warm_shapes(words: str, first: str) -> dict[str, list[int]]:
    """Shapes by input: of the first one in ``"1,1,512,512"``, of each in ``"kspace:1,8,64,64;noise:1"``."""
    parts = [part.rpartition(":") for part in words.split(";")]
    return {name or first: [int(side) for side in sides.split(",")] for name, _, sides in parts}


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
        # "runtime" and "threads" are there where they were measured on this machine
        self.run = runtime_of(path, parameters.get("runtime", ""), int(parameters.get("threads", "0")))
        kinds = {e["name"]: pb_utils.triton_string_to_numpy(e["data_type"]) for e in config["input"]}
        shapes = warm_shapes(parameters["warm_shape"], self.inputs[0])
        self.run({name: np.zeros(shape, kinds[name]) for name, shape in shapes.items()}, self.outputs)

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
