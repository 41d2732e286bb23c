"""Requests say what the model needs to know, and answers are what was asked for."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import service_pb2

from recon.engine.inference import Request
from recon.engine.models import ServedModel
from recon.errors import InternalError
from recon.serving.triton.request import answered, ending, in_body
from recon.tasks.base import TensorSpec

MODEL = ServedModel("sense", "1", "mr_classical", "sense", {})
SPEC = TensorSpec((1, 2, 3))
REQUEST = Request(MODEL, {"kspace": TensorSpec((1, 4), np.dtype(np.complex64))}, {"image": SPEC}, {"noise": "1"}, None)


def answer(name: str = "image", kind: str = "FP32", shape: tuple[int, ...] = (1, 2, 3)) -> bytes:
    made = service_pb2.ModelInferResponse()
    made.outputs.add(name=name, datatype=kind, shape=shape)
    made.raw_output_contents.append(np.arange(6, dtype="<f4").tobytes())
    return made.SerializeToString()


def test_complex_samples_travel_as_real_ones() -> None:
    values = np.arange(4) * (1 + 2j)
    message = service_pb2.ModelInferRequest.FromString(in_body(REQUEST, {"kspace": values[None].astype("c8")}))
    (tensor,) = message.inputs
    assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("kspace", "FP32", [1, 4, 2])
    found = np.frombuffer(message.raw_input_contents[0], "<f4").reshape(4, 2)
    np.testing.assert_array_equal(found, np.stack([values.real, values.imag], -1))
    assert (message.model_name, message.model_version) == ("mr_classical", "1")
    assert {name: value.string_param for name, value in message.parameters.items()} == {"noise": "1", "method": "sense"}
    assert [tensor.name for tensor in message.outputs] == ["image"]


@pytest.mark.parametrize(("deadline_s", "expected_s"), [(None, 60.0), (5.0, 5.0), (500.0, 60.0)])
def test_a_model_is_told_until_when_it_is_wanted(deadline_s: float | None, expected_s: float) -> None:
    deadline = None if deadline_s is None else time.monotonic() + deadline_s
    before = time.time()
    whole = in_body(REQUEST, {"kspace": np.zeros((1, 4), "c8")}) + ending(deadline, 60.0, Path("/dev/shm/halt1"))
    after = time.time()
    message = service_pb2.ModelInferRequest.FromString(whole)  # encoded messages merge
    said = float(message.parameters["deadline_unix_s"].string_param)
    assert before + expected_s - 0.1 <= said <= after + expected_s + 0.1
    assert message.parameters["halt_file"].string_param == "halt1"
    assert message.parameters["noise"].string_param == "1"
    assert "alone" not in message.parameters
    alone = service_pb2.ModelInferRequest.FromString(ending(None, 1.0, None, alone=True))
    assert alone.parameters["alone"].string_param == "1"


def test_a_model_on_another_host_is_told_how_long_it_is_wanted_since_its_clock_is_another() -> None:
    for deadline, expected_s in ((time.monotonic() + 5.0, 5.0), (None, 60.0)):
        message = service_pb2.ModelInferRequest.FromString(ending(deadline, 60.0, None, elsewhere=True))
        assert "deadline_unix_s" not in message.parameters
        assert float(message.parameters["left_s"].string_param) == pytest.approx(expected_s, abs=0.2)


def test_an_answer_is_taken_as_it_was_asked_for() -> None:
    found = answered(answer(), REQUEST, in_bodies=True)
    np.testing.assert_array_equal(found["image"], np.arange(6, dtype=np.float32).reshape(1, 2, 3))
    assert answered(answer(), REQUEST, in_bodies=False) == {}


@pytest.mark.parametrize("wrong", [answer("other"), answer(kind="FP16"), answer(shape=(1, 3, 2)), b""])
def test_another_answer_is_an_error(wrong: bytes) -> None:
    with pytest.raises(InternalError, match="another image than was asked for"):
        answered(wrong, REQUEST, in_bodies=True)
