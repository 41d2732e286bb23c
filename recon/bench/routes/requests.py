"""What a benchmark sends, made from the task's own sample: messages for a service, tensors for a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from recon.engine.inference import empty, real
from recon.engine.models import ServedModel
from recon.tasks.base import SliceWork
from recon.tasks.registry import task_of
from recon.tasks.series import Series

#: Tensors for a model and the parameters of the request, slice by slice.
Given = Sequence[tuple[Mapping[str, npt.NDArray[Any]], Mapping[str, str]]]


def series_of(task: str, item: int, slices: int, model: str = "") -> Series:
    """An input as what a client sends."""
    found = task_of(task)
    sample = found.sample(item, slices)
    return found.series(*sample.inputs, name="", model=model, model_version="", **sample.options)


@lru_cache(maxsize=64)
def messages_of(task: str, item: int, slices: int, model: str = "") -> Sequence[Any]:
    """The messages of an input, made once."""
    return list(series_of(task, item, slices, model).messages())


def works_of(task: str, item: int, slices: int, model: ServedModel) -> list[SliceWork]:
    """The slices of an input on their way to a model, as the service makes them."""
    header, *rest = messages_of(task, item, slices, model.name)
    session = task_of(task).open(header.header, model.facts)
    works: list[SliceWork] = []
    for message in rest:
        works += session.add(message)
    return [*works, *session.complete()]


def tensors_of(task: str, item: int, slices: int, model: ServedModel) -> list[Mapping[str, npt.NDArray[Any]]]:
    """What a network sees of an input, slice by slice."""
    return [tensors for tensors, _ in given_of(task, item, slices, model)]


def given_of(task: str, item: int, slices: int, model: ServedModel) -> Given:
    """What a model is given of an input, slice by slice."""
    found: list[tuple[Mapping[str, npt.NDArray[Any]], Mapping[str, str]]] = []
    for work in works_of(task, item, slices, model):
        tensors = empty(work.inputs)
        work.prepare(tensors)
        given = {name: np.ascontiguousarray(real(array)) for name, array in tensors.items() if array.size}
        method = {"method": model.method} if model.method else {}
        found.append((given, {**work.parameters, **method}))
    return found
