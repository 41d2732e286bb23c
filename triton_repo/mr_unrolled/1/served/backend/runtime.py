"""A network in ONNX on OpenVINO, or on ONNX Runtime in its place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

#: Compiled networks kept, one per combination of input shapes.
MOST_SHAPES = 4
#: bfloat16, the default of some processors, and rounding activations to 8 bits, the default where weights
#: have 8, cost image quality in networks that return an image and not a correction.
_EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}


class Network(Protocol):
    """A network that runs."""

    def __call__(self, inputs: Mapping[str, npt.NDArray[Any]], outputs: list[str]) -> list[npt.NDArray[Any]]:
        """Outputs in the order of their names; they are valid until the next call."""
        ...


class OpenVino:
    """The network compiled for each combination of input shapes that comes along.

    Parameters
    ----------
    path
        ONNX file.
    threads
        Of an inference; 0 leaves it to the runtime.
    exact
        Single precision throughout.
    """

    def __init__(self, path: Path, threads: int = 0, *, exact: bool = False) -> None:
        import openvino

        self.openvino = openvino
        self.core = openvino.Core()
        self.path = path
        self.options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"} | (_EXACT if exact else {})
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

    def __call__(self, inputs: Mapping[str, npt.NDArray[Any]], outputs: list[str]) -> list[npt.NDArray[Any]]:
        """Run it; what comes back is valid until the next call."""
        request = self._request(inputs)
        for name, array in inputs.items():
            request.set_tensor(name, self.openvino.Tensor(np.ascontiguousarray(array), shared_memory=True))
        request.infer()
        return [request.get_tensor(name).data for name in outputs]


class OnnxRuntime:
    """The network on ONNX Runtime, which needs no compilation for a new shape.

    Parameters
    ----------
    path
        ONNX file.
    threads
        Of an inference; 0 leaves it to the runtime.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, onnxruntime.get_available_providers())

    def __call__(self, inputs: Mapping[str, npt.NDArray[Any]], outputs: list[str]) -> list[npt.NDArray[Any]]:
        """Run it."""
        return list(self.session.run(outputs, dict(inputs)))


def runtime_of(path: Path, runtime: str = "", threads: int = 0, *, exact: bool = False) -> Network:
    """The network of a file on a runtime and its threads; unless told, on OpenVINO, else on ONNX Runtime."""
    if runtime == "onnxruntime":
        return OnnxRuntime(path, threads)
    if runtime:
        return OpenVino(path, threads, exact=exact)
    try:
        return OpenVino(path, threads, exact=exact)
    except ImportError:
        return OnnxRuntime(path, threads)
