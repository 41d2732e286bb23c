"""Requests to Triton and its answers, as encoded messages; a slot keeps the last one, since the next is the same."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog
from tritonclient.grpc import service_pb2
from tritonclient.utils import np_to_triton_dtype

from recon.engine.inference import Request, Tensors, real
from recon.errors import InternalError
from recon.serving.triton.slots import Slot
from recon.tasks.base import TensorSpec

log = structlog.get_logger()


def in_memory(request: Request, slot: Slot, offsets: Mapping[str, int]) -> bytes:
    """A request whose tensors lie in a segment."""
    message = _begun(request)
    for name, spec in request.inputs.items():
        shape, dtype = _as_real(spec)
        tensor = message.inputs.add(name=name, datatype=np_to_triton_dtype(dtype.type), shape=shape)
        _point(tensor, slot, offsets[name], spec.nbytes)
    for name, spec in request.outputs.items():
        _point(message.outputs.add(name=name), slot, offsets[name], spec.nbytes)
    return bytes(message.SerializeToString())


def in_body(request: Request, tensors: Tensors) -> bytes:
    """A request that carries its tensors."""
    message = _begun(request)
    for name, filled in tensors.items():
        tensor = real(filled)
        message.inputs.add(name=name, datatype=np_to_triton_dtype(tensor.dtype.type), shape=tensor.shape)
        message.raw_input_contents.append(tensor.tobytes())
    for name in request.outputs:
        message.outputs.add(name=name)
    return bytes(message.SerializeToString())


def ending(
    deadline: float | None, longest_s: float, halt: Path | None, *, elsewhere: bool = False, alone: bool = False
) -> bytes:
    """What goes behind a request so that the model drops what nobody waits for: encoded messages merge.

    Parameters
    ----------
    deadline
        Seconds of :func:`time.monotonic`; None for none of the caller's.
    longest_s
        That a call may last whatever the caller wants.
    halt
        File that is there once the caller has lost interest.
    elsewhere
        Whether Triton is on another host, whose clock is not ours: it is told how long is left, not until when.
    alone
        Whether nothing else wants the processor.
    """
    left = longest_s if deadline is None else min(deadline - time.monotonic(), longest_s)
    message = service_pb2.ModelInferRequest()
    if elsewhere:
        message.parameters["left_s"].string_param = f"{left:.3f}"
    else:
        message.parameters["deadline_unix_s"].string_param = f"{time.time() + left:.3f}"
    if alone:
        message.parameters["alone"].string_param = "1"
    if halt is not None:
        message.parameters["halt_file"].string_param = halt.name
    return bytes(message.SerializeToString())


def answered(data: bytes, request: Request, *, in_bodies: bool) -> dict[str, npt.NDArray[Any]]:
    """Outputs of an answer; none of those that lie in a segment, of which it only says that they are there.

    Raises
    ------
    InternalError
        When it is not the answer that was asked for: a tensor is missing, or of another type or shape.
    """
    answer = service_pb2.ModelInferResponse.FromString(data)
    found = {tensor.name: (tensor.datatype, tuple(tensor.shape)) for tensor in answer.outputs}
    for name, spec in request.outputs.items():
        wanted = np_to_triton_dtype(spec.dtype.type), spec.shape
        if found.get(name) != wanted:
            log.error("wrong_answer", model=request.model.host, tensor=name, wanted=wanted, found=found.get(name))
            raise InternalError(
                f"{request.model.name} answered with another {name} than was asked for; check the model"
            )
    if not in_bodies:
        return {}
    return {
        tensor.name: np.frombuffer(raw, request.outputs[tensor.name].dtype).reshape(tuple(tensor.shape))
        for tensor, raw in zip(answer.outputs, answer.raw_output_contents, strict=False)
        if tensor.name in request.outputs
    }


def _begun(request: Request) -> Any:
    message = service_pb2.ModelInferRequest(model_name=request.model.host, model_version=request.model.version)
    parameters = {**request.parameters, **({"method": request.model.method} if request.model.method else {})}
    for name, value in parameters.items():
        message.parameters[name].string_param = value
    return message


def _as_real(spec: TensorSpec) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type as the model sees them, which knows no complex numbers."""
    if spec.dtype.kind != "c":
        return spec.shape, spec.dtype
    return (*spec.shape, 2), np.dtype(f"f{spec.dtype.itemsize // 2}")


def _point(tensor: Any, slot: Slot, offset: int, size: int) -> None:
    tensor.parameters["shared_memory_region"].string_param = slot.region
    tensor.parameters["shared_memory_byte_size"].int64_param = size
    if offset:
        tensor.parameters["shared_memory_offset"].int64_param = offset
