"""Where a model's arithmetic runs: on the processor with NumPy, on a GPU with torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from served.physics.namespace import placed

#: Puts an array of NumPy where it is worked on.
Place: TypeAlias = Callable[[Any], Any]
PROCESSOR = "cpu"


def as_it_is(array: Any) -> Any:
    """NumPy's array, worked on by NumPy."""
    return array


def device_of(arguments: Mapping[str, str]) -> str:
    """Where Triton wants an instance of a model, ``cpu`` or such as ``cuda:0``, of what it initialises it with.

    Parameters
    ----------
    arguments
        ``model_instance_kind`` and ``model_instance_device_id``, by the instance group of ``config.pbtxt``.
    """
    if arguments.get("model_instance_kind") != "GPU":
        return PROCESSOR
    return f"cuda:{arguments.get('model_instance_device_id', '0')}"


def arrays_on(device: str, library: str = "torch") -> Place:
    """What puts NumPy's arrays on a device.

    Parameters
    ----------
    device
        ``cpu`` for NumPy itself, else one that the library knows: ``cuda:0``, or ``cpu:0``, where a GPU is rehearsed.
    library
        In whose arrays; it needs an ``asarray`` that takes a ``device``.

    Raises
    ------
    ImportError
        When the library is not installed.
    """
    if device == PROCESSOR:
        return as_it_is
    xp = importlib.import_module(f"array_api_compat.{library}")
    return lambda array: placed(array, xp, device)
