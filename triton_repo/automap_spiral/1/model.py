"""AUTOMAP inside Triton's Python backend: model.onnx and encoding.npz beside this file.

The network takes the acquired samples of one encoding in units of their root mean square. This file
picks them out of the raw data, restores the units, and measures what the image leaves unexplained.
It stands alone: it needs numpy and OpenVINO, or ONNX Runtime in its place.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # imported outside Triton, by tests
    pb_utils = None


class _OpenVino:
    def __init__(self, path, shape):
        import openvino

        core = openvino.Core()
        network = core.read_model(path)
        network.reshape(list(shape))
        # float32 throughout: bfloat16, the default of some processors, costs image quality here, and so
        # does rounding the samples to 8 bits, the default where weights are
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
        self.request = core.compile_model(network, "CPU", options).create_infer_request()

    def __call__(self, array):
        self.request.infer([array])
        return self.request.get_output_tensor().data


class _OnnxRuntime:
    def __init__(self, path, _):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())
        self.name = self.session.get_inputs()[0].name

    def __call__(self, array):
        return self.session.run(None, {self.name: array})[0]


def _runtime(path, shape):
    try:
        return _OpenVino(path, shape)
    except ImportError:
        return _OnnxRuntime(path, shape)


class Reconstruction:
    """The network of one encoding with what belongs around it.

    Parameters
    ----------
    folder
        Holds ``model.onnx`` and ``encoding.npz``: ``measured`` (flat indices into the raw data),
        ``shape`` of the raw data, ``image_scale``, ``side``, and either ``delay`` of the odd lines in
        samples or ``trajectory``.
    """

    def __init__(self, folder):
        with np.load(folder / "encoding.npz") as stored:
            self.measured, self.shape = stored["measured"], tuple(int(n) for n in stored["shape"])
            self.image_scale, self.side = float(stored["image_scale"]), int(stored["side"])
            self.trajectory = stored.get("trajectory")
            self.delay = float(stored.get("delay", 0.0))
        self.place = np.arange(self.side) - self.side // 2
        self.fourier = self._exponential(self.place / self.side)
        self.late = np.exp(-2j * np.pi * self.delay / self.side * self.place).astype(np.complex64)
        self.along = None if self.trajectory is None else self._path(self.trajectory)
        self.network = _runtime(folder / "model.onnx", (1, 2, len(self.measured)))

    def _exponential(self, cycles_per_pixel):
        angle = np.asarray(cycles_per_pixel, np.float64)[..., None] * self.place
        return (np.exp(-2j * np.pi * angle) / np.sqrt(self.side)).astype(np.complex64)

    def _path(self, trajectory):
        return tuple(self._exponential(trajectory[..., axis].ravel()) for axis in (0, 1))

    def __call__(self, raw, trajectory=None):
        """(5, y, x): image, interval and unexplained k-space of raw data (along the readout, readouts)."""
        if raw.shape != self.shape:
            raise ValueError(f"raw data are {raw.shape[0]}x{raw.shape[1]}; this network is for {self.shape}")
        samples = raw.ravel()[self.measured]
        scale = np.sqrt(np.mean(np.abs(samples) ** 2))
        if not scale > 0:
            return np.zeros((5, self.side, self.side), np.float32)
        unit = samples / scale
        out = self.network(np.stack([unit.real, unit.imag])[None].astype(np.float32))[0]
        planes = np.empty((5, self.side, self.side), np.float32)
        planes[:4] = out * np.float32(scale * self.image_scale)
        image = planes[0] + 1j * planes[1]
        planes[4] = self._unexplained(image.astype(np.complex64), raw, trajectory)
        return planes

    def _unexplained(self, image, raw, trajectory):
        """On the grid, the magnitude that is left of each sample; along a trajectory, its share of the whole."""
        if self.trajectory is None:
            hybrid = image @ self.fourier.T
            hybrid[:, 1::2] *= self.late[:, None]
            known = raw != 0
            known.ravel()[self.measured] = True
            return np.abs(self.fourier @ hybrid - raw) * known
        rows, columns = self.along
        if trajectory is not None and trajectory.size and not np.array_equal(trajectory, self.trajectory):
            if trajectory.shape != self.trajectory.shape:
                raise ValueError(f"the trajectory is {trajectory.shape}; this network is for {self.trajectory.shape}")
            rows, columns = self._path(trajectory)
        left = np.einsum("sy,ys->s", rows, image @ columns.T) - raw.ravel()
        return np.linalg.norm(left) / np.linalg.norm(raw)


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
        path = pb_utils.get_input_tensor_by_name(request, "trajectory")
        try:
            if array.shape[1] != 1:
                raise ValueError(f"raw data of {array.shape[1]} coils; this network is for one")
            planes = self.reconstruct(array.view(np.complex64)[0, 0, ..., 0], None if path is None else path.as_numpy())
        except ValueError as error:
            refused = pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=refused)
        return pb_utils.InferenceResponse([pb_utils.Tensor("image_interval_residual", planes[None])])
