"""Runs model.onnx beside this file inside Triton's Python backend.

The container of a site's own Triton has neither the recon package nor its dependencies, so this file
stands alone: it needs numpy and OpenVINO, or ONNX Runtime in its place.
"""

import hashlib
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

MOST_SHAPES = 4  # compiled networks kept, one per input shape


class _OpenVino:
    """The network compiled for each input shape that comes along."""

    def __init__(self, path):
        import openvino

        self.openvino = openvino
        self.core = openvino.Core()
        self.path = path
        self.compiled = OrderedDict()

    def _request(self, shape):
        if shape not in self.compiled:
            network = self.core.read_model(self.path)
            network.reshape(list(shape))
            options = {"PERFORMANCE_HINT": "LATENCY"}
            self.compiled[shape] = self.core.compile_model(network, "CPU", options).create_infer_request()
            while len(self.compiled) > MOST_SHAPES:
                self.compiled.popitem(last=False)
        self.compiled.move_to_end(shape)
        return self.compiled[shape]

    def __call__(self, array):
        request = self._request(array.shape)
        request.set_input_tensor(self.openvino.Tensor(array, shared_memory=True))
        request.infer()
        return request.get_output_tensor().data


class _OnnxRuntime:
    def __init__(self, path):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())
        self.name = self.session.get_inputs()[0].name

    def __call__(self, array):
        return self.session.run(None, {self.name: array})[0]


def _runtime(path):
    try:
        return _OpenVino(path)
    except ImportError:
        return _OnnxRuntime(path)


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        path = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != parameters["sha256"]:
            raise pb_utils.TritonModelException(f"{path} is not the file that config.pbtxt names: {found}")
        self.input, self.output = config["input"][0]["name"], config["output"][0]["name"]
        self.run = _runtime(path)
        warm = [int(side) for side in parameters["warm_shape"].split(",")]
        self.run(np.zeros(warm, np.float32))

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        array = np.ascontiguousarray(pb_utils.get_input_tensor_by_name(request, self.input).as_numpy())
        return pb_utils.InferenceResponse([pb_utils.Tensor(self.output, self.run(array))])
