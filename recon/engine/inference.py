"""Where models run, as the engine sees it: a Triton, or this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recon.engine.models import ServedModel
from recon.errors import DeadlineExceeded
from recon.tasks.base import TensorSpec

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Request:
    """What one inference needs.

    Attributes
    ----------
    model
        Which one.
    inputs, outputs
        Its tensors.
    parameters
        Of the request.
    deadline
        When its answer is worth nothing any more, seconds of :func:`time.monotonic`.
    quick
        Whether filling the inputs takes less than a change of threads would.
    last
        Whether none of its series will follow.
    """

    model: ServedModel
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]
    parameters: Mapping[str, str]
    deadline: float | None = None
    quick: bool = False
    last: bool = False


class Running(Protocol):
    """An inference under way."""

    async def outputs(self) -> Tensors:
        """Wait for them; they are valid until it is released.

        Raises
        ------
        ServiceUnavailable
            When the models are gone or do not answer in time.
        InternalError
            When the model fails.
        """

    def release(self) -> None:
        """Nobody needs it any more, at whatever point it is; may be called again."""


class Inference(Protocol):
    """Models that can be asked for and run."""

    async def is_ready(self) -> bool:
        """Whether they answer."""

    async def models(self) -> list[ServedModel]:
        """All of them."""

    async def begin(self, request: Request, fill: Callable[[Tensors], object]) -> Running:
        """Run one as soon as there is a place; whoever begins it releases it.

        Parameters
        ----------
        request
            What to run.
        fill
            Writes the inputs into the arrays that it is given; on a thread unless the request is quick.

        Raises
        ------
        ServiceUnavailable
            When the models are gone.
        """


@asynccontextmanager
async def infer(inference: Inference, request: Request, fill: Callable[[Tensors], object]) -> AsyncIterator[Tensors]:
    """Run a model from beginning to end; its outputs are valid inside the ``async with`` block only.

    Raises
    ------
    DeadlineExceeded
        When the request's deadline passes first.
    ReconError
        As :meth:`Inference.begin` and :meth:`Running.outputs` do.
    """
    left = None if request.deadline is None else request.deadline - time.monotonic()
    running: Running | None = None
    try:
        try:
            async with asyncio.timeout(left):
                running = await inference.begin(request, fill)
                outputs = await running.outputs()
        except TimeoutError:
            raise DeadlineExceeded("the deadline passed while the model ran") from None
        yield outputs
    finally:
        if running is not None:
            running.release()


def real(tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Models know no complex numbers: real and imaginary part become the last axis."""
    if tensor.dtype.kind != "c":
        return tensor
    return tensor.view(tensor.real.dtype).reshape(*tensor.shape, 2)


def empty(specs: Mapping[str, TensorSpec]) -> dict[str, npt.NDArray[Any]]:
    """Arrays for tensors, to be filled."""
    return {name: np.empty(spec.shape, spec.dtype) for name, spec in specs.items()}
