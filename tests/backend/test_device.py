"""Models on arrays of another library: torch on the processor, as on a GPU, beside NumPy."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from array_api_compat import torch as library

from recon.backend import mr_classical, mr_unrolled, network, python_model
from recon.backend.configuration import model_config_in, of_version, parameters_in
from recon.backend.device import arrays_on, as_it_is, device_of
from recon.backend.runtime import runtime_of
from recon.engine.repository import default_repository
from recon.physics.namespace import on_host
from tests.conftest import head, multicoil

SHAPE = (72, 60)
LINES = np.arange(SHAPE[1]) - SHAPE[1] // 2
MASK = np.broadcast_to((LINES % 3 == 0) | (np.abs(LINES) < 10), SHAPE)
UNROLLED = default_repository() / "mr_unrolled" / "1"


def place(array: np.ndarray) -> torch.Tensor:
    return library.asarray(array, device="cpu")


def decibels(found: np.ndarray, wanted: np.ndarray, kspace: np.ndarray) -> list[float]:
    """Of image, interval and unexplained k-space: the peak of image, image, k-space over the error."""
    image, sample = np.hypot(*wanted[:2]).max(), np.abs(kspace).max()
    pairs = ((slice(0, 2), image), (slice(2, 4), image), (slice(4, 5), sample))
    return [float(20 * np.log10(peak / _error(found[part] - wanted[part]))) for part, peak in pairs]


def _error(difference: np.ndarray) -> float:
    """Root mean square of what is known, at least the rounding of nothing."""
    return max(float(np.sqrt(np.nanmean(difference**2))) if not np.isnan(difference).all() else 0.0, 1e-30)


def scan(coils: int) -> np.ndarray:
    return (multicoil(head(SHAPE), coils, noise=0.004) * MASK).astype(np.complex64)


@pytest.mark.parametrize("coils", [1, 4, 16])
def test_the_unrolled_network(coils: int) -> None:
    """An error 100 dB below the image's peak moves a PSNR of 50 dB by less than 0.0001 dB."""
    cascades = [runtime_of(UNROLLED / name, "onnxruntime", exact=True) for name in mr_unrolled.CASCADES]
    kspace = scan(coils)
    wanted, found = (mr_unrolled.Unrolled(cascades, place=where)(kspace, MASK) for where in (as_it_is, place))
    assert isinstance(found, np.ndarray)
    assert min(decibels(found, wanted, kspace)) > 100


@pytest.mark.parametrize("method", list(mr_classical.CARTESIAN))
def test_classical_methods(method: str) -> None:
    kspace = scan(14)
    wanted, found = (mr_classical.reconstruct(method, kspace, MASK, 0.004, place=where) for where in (as_it_is, place))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    assert min(decibels(found, wanted, kspace)) > 90


def test_a_network_takes_arrays_where_they_are() -> None:
    """They are handed to ONNX Runtime as they are, and what comes back is of their library."""
    folder = default_repository() / "ct_denoise_light" / "1"
    run = runtime_of(folder / "model.onnx", "onnxruntime")
    hu = np.random.default_rng(0).normal(0, 300, (1, 1, 64, 64)).astype(np.float32)
    (wanted,) = run({"hu": hu}, ["noise_and_half_width"])
    (found,) = run({"hu": place(hu)}, ["noise_and_half_width"])
    assert isinstance(found, torch.Tensor)
    np.testing.assert_array_equal(on_host(found), wanted)


def test_the_instance_group_says_where() -> None:
    assert device_of({}) == device_of({"model_instance_kind": "CPU", "model_instance_device_id": "0"}) == "cpu"
    assert device_of({"model_instance_kind": "GPU", "model_instance_device_id": "1"}) == "cuda:1"
    assert arrays_on("cpu") is as_it_is
    moved = arrays_on("cpu:0")(np.ones(3, np.float32))
    assert isinstance(moved, torch.Tensor)


def test_without_a_gpu_a_network_for_one_says_so() -> None:
    with pytest.raises(RuntimeError, match="CUDAExecutionProvider"):
        runtime_of(UNROLLED / "cascade1.onnx", device="cuda:0")


class Tensor:
    """As Triton has it."""

    def __init__(self, name: str, array: Any) -> None:
        self.name, self.array = name, array

    def as_numpy(self) -> np.ndarray:
        return self.array

    @classmethod
    def from_dlpack(cls, name: str, array: Any) -> Tensor:
        return cls(name, torch.from_dlpack(array))


def test_what_a_gpu_has_made_reaches_triton_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = SimpleNamespace(
        Tensor=Tensor,
        InferenceResponse=lambda tensors: tensors,
        get_input_tensor_by_name=lambda request, name: Tensor(name, request.inputs[name]),
    )
    monkeypatch.setattr(python_model, "pb_utils", utils)
    model = network.TritonPythonModel()
    folder = default_repository() / "ct_denoise_light"
    parameters = {"runtime.1": "onnxruntime", "warm_shape.1": "1,1,32,32"}
    config = model_config_in(folder)
    config["parameters"] |= {name: {"string_value": value} for name, value in parameters.items()}
    arguments = {"model_repository": str(folder), "model_version": "1", "model_config": json.dumps(config)}
    model.initialize(arguments | {"model_instance_kind": "CPU"})
    model.place = place  # as on a GPU
    hu = np.zeros((1, 1, 32, 32), np.float32)
    request = SimpleNamespace(inputs={"hu": hu}, parameters=lambda: "{}", is_cancelled=lambda: False)
    ((answer,),) = model.execute([request])
    assert isinstance(answer.array, torch.Tensor)
    assert answer.array.dtype == torch.int16
    assert of_version(parameters_in(folder), "1")["served_by"] == "network"
