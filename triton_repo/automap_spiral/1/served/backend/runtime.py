"""A network in ONNX on OpenVINO, or on ONNX Runtime in its place and on GPUs."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from array_api_compat import is_numpy_array

from served.backend.device import PROCESSOR
from served.physics.namespace import namespace, on_host

#: Compiled networks kept, one per combination of input shapes.
MOST_SHAPES = 4
#: bfloat16, the default of some processors, and rounding activations to 8 bits, the default where weights
#: have 8, cost image quality in networks that return an image and not a correction.
_EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
#: Runtimes by name; the last two are ONNX Runtime's on a GPU.
RUNTIMES = ("openvino", "onnxruntime", "cuda", "tensorrt")


class Network(Protocol):
    """A network that runs."""

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[Any]:
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

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[npt.NDArray[Any]]:
        """Run it; what comes back is NumPy's, and valid until the next call."""
        request = self._request(inputs)
        for name, array in inputs.items():
            given = np.ascontiguousarray(on_host(array))
            request.set_tensor(name, self.openvino.Tensor(given, shared_memory=True))
        request.infer()
        return [request.get_tensor(name).data for name in outputs]


class OnnxRuntime:
    """The network on ONNX Runtime, which needs no compilation for a new shape.

    Parameters
    ----------
    path
        ONNX file.
    threads
        Of an inference on the processor; 0 leaves it to the runtime.
    device
        ``cpu``, or such as ``cuda:0``.
    tensorrt
        On a GPU by TensorRT, which compiles the network for each shape and keeps what it compiled.
    exact
        Single precision throughout, without the 19 bits that matrix units of GPUs take for it.

    Raises
    ------
    RuntimeError
        When the installed ONNX Runtime, or the machine, can't run it there.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 0,
        *,
        device: str = PROCESSOR,
        tensorrt: bool = False,
        exact: bool = False,
    ) -> None:
        import onnxruntime

        if device != PROCESSOR:
            onnxruntime.preload_dlls()  # CUDA of the packages that torch brought
        self.onnxruntime, self.device = onnxruntime, device
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        providers = _providers(path, device, tensorrt=tensorrt, exact=exact)
        wanted = providers[0][0]
        if wanted not in onnxruntime.get_available_providers():
            raise RuntimeError(f"{wanted} is not in this ONNX Runtime; install onnxruntime-gpu")
        self.session = onnxruntime.InferenceSession(str(path), options, providers)
        if wanted not in self.session.get_providers():  # it goes on without one that does not start
            raise RuntimeError(f"{wanted} does not start on {device}; see what ONNX Runtime wrote")

    def __call__(self, inputs: Mapping[str, Any], outputs: list[str]) -> list[Any]:
        """Run it; outputs are of the library of the inputs, and stay where the network has them."""
        if self.device == PROCESSOR and all(map(is_numpy_array, inputs.values())):
            return list(self.session.run(outputs, dict(inputs)))
        binding, kind, number = self.session.io_binding(), *_parts(self.device)
        held = []  # until the network has run
        for name, array in inputs.items():
            value = self._value(array)
            held.append(value)
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            binding.bind_output(name, kind, number)
        binding.synchronize_inputs()
        self.session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        first = next(iter(inputs.values()))
        if is_numpy_array(first):
            return [value.numpy() for value in binding.get_outputs()]
        return [namespace(first).from_dlpack(value) for value in binding.get_outputs()]

    def _value(self, array: Any) -> Any:
        if is_numpy_array(array):
            return self.onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), *_parts(self.device))
        return self.onnxruntime.OrtValue.from_dlpack(array)


def runtime_of(
    path: Path, runtime: str = "", threads: int = 0, *, exact: bool = False, device: str = PROCESSOR
) -> Network:
    """The network of a file on a runtime and its threads, or on a GPU.

    Unless told, it is OpenVINO on the processor, else ONNX Runtime; and CUDA on a GPU, where ``tensorrt`` is the other.
    """
    if device != PROCESSOR:
        return OnnxRuntime(path, device=device, tensorrt=runtime == "tensorrt", exact=exact)
    if runtime == "onnxruntime":
        return OnnxRuntime(path, threads)
    if runtime:
        return OpenVino(path, threads, exact=exact)
    try:
        return OpenVino(path, threads, exact=exact)
    except ImportError:
        return OnnxRuntime(path, threads)


def _providers(path: Path, device: str, *, tensorrt: bool, exact: bool) -> list[tuple[str, dict[str, Any]]]:
    """Of ONNX Runtime, in the order of preference, each with its options."""
    processor: tuple[str, dict[str, Any]] = ("CPUExecutionProvider", {})
    if device == PROCESSOR:
        return [processor]
    _, number = _parts(device)
    cuda = ("CUDAExecutionProvider", {"device_id": number, "use_tf32": int(not exact)})
    if not tensorrt:
        return [cuda, processor]
    kept = Path(tempfile.gettempdir()) / "recon-tensorrt" / path.parents[1].name / path.parent.name
    engine = {
        "device_id": number,
        "trt_fp16_enable": not exact,
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(kept),
    }
    return [("TensorrtExecutionProvider", engine), cuda, processor]


def _parts(device: str) -> tuple[str, int]:
    kind, _, number = device.partition(":")
    return kind, int(number or 0)
