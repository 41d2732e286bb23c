"""dAUTOMAP inside Triton's Python backend: model.onnx beside this file.

The network takes Cartesian k-space, zero where not measured, in units of its root mean square. This
file restores the units and measures what the image leaves unexplained. It stands alone: it needs
numpy and OpenVINO, or ONNX Runtime in its place.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # imported outside Triton, by tests
    pb_utils = None

SIDE = 256


class _OpenVino:
    def __init__(self, path):
        import openvino

        core = openvino.Core()
        network = core.read_model(path)
        network.reshape([1, 2, SIDE, SIDE])
        # float32 throughout: bfloat16, the default of some processors, costs image quality here
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self.request = core.compile_model(network, "CPU", options).create_infer_request()

    def __call__(self, array):
        self.request.infer([array])
        return self.request.get_output_tensor().data


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


class Reconstruction:
    """The network with what belongs around it; ``folder`` holds ``model.onnx``."""

    def __init__(self, folder):
        self.shape = (SIDE, SIDE)
        self.network = _runtime(folder / "model.onnx")

    def __call__(self, raw):
        """(5, y, x): image, interval and unexplained k-space of raw data (along the readout, lines)."""
        if raw.shape != self.shape:
            raise ValueError(f"raw data are {raw.shape[0]}x{raw.shape[1]}; this network is for {self.shape}")
        scale = np.sqrt(np.mean(np.abs(raw) ** 2))
        planes = np.zeros((5, SIDE, SIDE), np.float32)
        if scale > 0:
            unit = raw / scale
            planes[:4] = self.network(np.stack([unit.real, unit.imag])[None].astype(np.float32))[0] * scale
            image = np.fft.ifftshift(planes[0] + 1j * planes[1])
            planes[4] = np.abs(np.fft.fftshift(np.fft.fft2(image, norm="ortho")) - raw) * (raw != 0)
        return planes


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        version = args["model_version"]
        folder = Path(args["model_repository"]) / version
        files = [folder / name for name in parameters[f"files.{version}"].split(",")]
        found = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        if found != parameters[f"sha256.{version}"]:
            raise pb_utils.TritonModelException(f"{folder} holds other files than config.pbtxt names: {found}")
        self.reconstruct = Reconstruction(folder)
        self.reconstruct(np.ones(self.reconstruct.shape, np.complex64))

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        array = np.ascontiguousarray(pb_utils.get_input_tensor_by_name(request, "kspace").as_numpy())
        try:
            if array.shape[1] != 1:
                raise ValueError(f"raw data of {array.shape[1]} coils; this network is for one")
            planes = self.reconstruct(array.view(np.complex64)[0, 0, ..., 0])
        except ValueError as error:
            refused = pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=refused)
        return pb_utils.InferenceResponse([pb_utils.Tensor("image_interval_residual", planes[None])])
