"""The classical reconstructions that a network is compared with, from SigPy, inside Triton's Python backend.

Zero-filled root-sum-of-squares; CG-SENSE (Pruessmann et al., MRM 46:638, 2001) and l1-wavelet
compressed sensing (Lustig et al., MRM 58:1182, 2007) with ESPIRiT maps (Uecker et al., MRM 71:990, 2014).
"""

import hashlib
import json
from pathlib import Path

import numpy as np

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # imported outside Triton, by tests
    pb_utils = None

CALIBRATION = 24  # samples per side that ESPIRiT takes
SENSE_WEIGHT, SENSE_STEPS = 1e-3, 30
WAVELET_WEIGHT, WAVELET_STEPS = 1e-4, 60  # of k-space scaled to maximum 1


def zero_filled(kspace):
    import sigpy

    coils = sigpy.ifft(kspace, axes=(-2, -1))
    return np.sqrt((np.abs(coils) ** 2).sum(0)).astype(np.complex64), None


def sense(kspace):
    from sigpy.mri.app import SenseRecon

    maps = sensitivities(kspace)
    return SenseRecon(kspace, maps, lamda=SENSE_WEIGHT, max_iter=SENSE_STEPS, show_pbar=False).run(), maps


def l1_wavelet(kspace):
    from sigpy.mri.app import L1WaveletRecon

    maps = sensitivities(kspace)
    scale = np.abs(kspace).max()
    recon = L1WaveletRecon(kspace / scale, maps, WAVELET_WEIGHT, max_iter=WAVELET_STEPS, show_pbar=False)
    return recon.run() * scale, maps


def sensitivities(kspace):
    """ESPIRiT maps over the whole field of view; ones for a single coil."""
    if len(kspace) == 1:
        return np.ones_like(kspace)
    from sigpy.mri.app import EspiritCalib

    width = min(CALIBRATION, *kspace.shape[-2:])
    return EspiritCalib(kspace, calib_width=width, crop=0, show_pbar=False).run().astype(np.complex64)


METHODS = {"zero-filled": zero_filled, "sense": sense, "l1-wavelet": l1_wavelet}


def reconstruct(method, kspace):
    """(5, y, x): image, an interval that is not known (NaN), and the unexplained k-space."""
    import sigpy

    image, maps = METHODS[method](kspace)
    image = np.asarray(image, np.complex64)
    mask = np.any(kspace != 0, axis=0)
    # zero-filling keeps every sample as it is
    residual = (sigpy.fft(maps * image, axes=(-2, -1)) - kspace) * mask if maps is not None else np.zeros_like(kspace)
    unknown = np.full(image.shape, np.nan)
    unexplained = np.sqrt((np.abs(residual) ** 2).sum(0))
    return np.stack([image.real, image.imag, unknown, unknown, unexplained]).astype(np.float32)


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        path = Path(args["model_repository"]) / args["model_version"] / "model.py"
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != parameters[f"sha256.{args['model_version']}"]:
            raise pb_utils.TritonModelException(f"{path} is not the file that config.pbtxt names: {found}")
        self.input, self.output = config["input"][0]["name"], config["output"][0]["name"]

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        method = json.loads(request.parameters())["method"]
        array = np.ascontiguousarray(pb_utils.get_input_tensor_by_name(request, self.input).as_numpy())
        planes = reconstruct(method, array.view(np.complex64)[0, ..., 0])
        return pb_utils.InferenceResponse([pb_utils.Tensor(self.output, planes[None])])
