"""Whether models can run on a GPU of this machine."""

from __future__ import annotations

import importlib.util
from enum import Enum
from pathlib import Path

from recon.errors import InvalidRequest, with_extra

_DRIVER = Path("/dev/nvidia0")


class Device(Enum):
    """Where the embedded Triton runs its models."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


def on_gpu(device: Device, *, tuned: bool) -> bool:
    """Whether models are to run on a GPU.

    Parameters
    ----------
    device
        As asked for; ``auto`` takes a GPU where there is one with what is needed for it.
    tuned
        Whether settings of the processor were given; they decide ``auto``.

    Raises
    ------
    InvalidRequest
        When one was asked for, and something is missing, or settings of the processor were given with it.
    """
    if device is Device.CPU or (device is Device.AUTO and tuned):
        return False
    missing = missing_for_gpu()
    if device is Device.AUTO:
        return not missing
    if missing:
        raise InvalidRequest(f"--device gpu: {missing}")
    if tuned:
        raise InvalidRequest("--device gpu: records of recon bench tune are of the processor; leave out --tuning")
    return True


def missing_for_gpu(driver: Path = _DRIVER) -> str:
    """What this machine lacks to run models on a GPU, in words; empty when nothing.

    Parameters
    ----------
    driver
        The device file of the first GPU.
    """
    if not driver.exists():
        return f"this machine has no NVIDIA GPU ({driver} is not there)"
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnxruntime") is None:
        return with_extra("torch and onnxruntime-gpu are needed", "gpu")
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this ONNX Runtime has no CUDA: pip uninstall onnxruntime, then pip install onnxruntime-gpu"
    return ""
